"""`daytwo up`: everything in one place, on loopback, under one data folder. One module per part."""
