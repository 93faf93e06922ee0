"""Prints every sealed value and blind index that a SQLite database holds of one verification, as hexadecimal digits.

Usage: sealed_values.py DATABASE VERIFICATION_ID
"""

import json
import sqlite3
import sys

database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=20)
values = []
for query in (
    "SELECT * FROM attempt WHERE verification_id = ?1",
    "SELECT * FROM identity_verification WHERE id = ?1",
    "SELECT * FROM phone_message WHERE tx_id IN (SELECT tx_id FROM attempt WHERE verification_id = ?1)",
):
    for row in database.execute(query, (sys.argv[2],)):
        values += [value.hex() for value in row if isinstance(value, bytes)]
print(json.dumps(values))
