"""python -m daytwo_workflows: one worker."""

from daytwo_workflows.process import run

if __name__ == "__main__":
    run()
