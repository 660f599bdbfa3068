"""`daytwo demo`: the story that Daytwo is for, played on this machine with nothing mocked."""
