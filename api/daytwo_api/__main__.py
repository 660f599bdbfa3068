"""python -m daytwo_api: one API process."""

from daytwo_api.process import run

if __name__ == "__main__":
    run()
