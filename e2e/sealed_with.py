"""Counts, by the number of their key, the sealed values in every table of a SQLite database.

Usage: sealed_with.py DATABASE. A sealed value begins with the byte 1 and four bytes of the key's number. Hashes,
macs and blind indexes are not sealed and are left out by their columns' names.
"""

import collections
import json
import sqlite3
import sys

PLAIN = {"hash", "mac", "head_mac", "head_proof", "check_value", "checksum"}

database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=20)
tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
counts = collections.Counter()
for table in tables:
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    sealed = [name for name in columns if name not in PLAIN and not name.endswith("_index")]
    for row in database.execute(f"SELECT {', '.join(sealed)} FROM {table}"):
        for value in row:
            if isinstance(value, bytes):
                assert value[0] == 1, table
                counts[str(int.from_bytes(value[1:5], "big"))] += 1
for (key, count) in database.execute(
    "SELECT index_key, COUNT(*) FROM identity_verification WHERE index_key IS NOT NULL GROUP BY index_key"
):
    counts[f"indexed {key}"] += count
print(json.dumps(counts))
