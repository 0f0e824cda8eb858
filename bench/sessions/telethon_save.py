"""Telethon's own save path, one round per line of stdin: process_entities with one row, then save()."""
import json
import sys
import time

import telethon
from telethon.sessions import SQLiteSession
from telethon.tl.types import User

session = SQLiteSession(sys.argv[1])
session.set_dc(2, "149.154.167.51", 443)
session.save()
print(json.dumps({"version": telethon.__version__}), flush=True)
n = 0
for line in sys.stdin:
    for_s = float(line) / 1000
    samples = []
    started = now = time.perf_counter()
    while now - started < for_s:
        n += 1
        session.process_entities([User(id=1 + n % 1000, access_hash=n, first_name="Name %d" % n)])
        session.save()
        done = time.perf_counter()
        samples.append((done - now) * 1000)
        now = done
    print(json.dumps({"operations": len(samples), "tookMs": (now - started) * 1000, "samplesMs": samples}), flush=True)
session.close()
