"""A Python process that is started with this folder on PYTHONPATH has a clock that is DAYTWO_CLOCK_AHEAD seconds off.

Everything that it asks for the time of day: `time.time()`, `datetime.now()` and what is built on them. How long
something takes is measured as always. See `ChaosHouse.plan`.
"""

import ctypes
import datetime
import gc
import os
import time

AHEAD = int(os.environ["DAYTWO_CLOCK_AHEAD"])
_time, _time_ns = time.time, time.time_ns
_BY = datetime.timedelta(seconds=AHEAD)


def _shifted(real):  # type: ignore[no-untyped-def]  # stands in for methods of a class that is written in C
    def method(cls, *given, **named):  # type: ignore[no-untyped-def]
        return real.__get__(None, cls)(*given, **named) + _BY

    return classmethod(method)


time.time = lambda: _time() + AHEAD
time.time_ns = lambda: _time_ns() + AHEAD * 10**9
_methods = gc.get_referents(datetime.datetime.__dict__)[0]
for _name in ("now", "utcnow"):  # `today` asks time.time()
    _methods[_name] = _shifted(_methods[_name])
ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))
