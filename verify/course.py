"""The course's own statements, verbatim, and the rows they make."""

from __future__ import annotations

USERS = """
CREATE DATABASE testdb;
USE testdb;
CREATE TABLE users (
    id INT AUTO_INCREMENT PRIMARY KEY,
    username VARCHAR(50) NOT NULL,
    email VARCHAR(100) NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO users (username, email) VALUES
('john_doe', 'john@example.com'),
('jane_smith', 'jane@example.com'),
('bob_wilson', 'bob@example.com');
"""
"""Practice 1: the sample database."""

SELECT_USERS = "SELECT * FROM users;"
"""Practices 1 and 2."""

THE_USERS = frozenset(
    {
        ("john_doe", "john@example.com"),
        ("jane_smith", "jane@example.com"),
        ("bob_wilson", "bob@example.com"),
    }
)

REFUSED_INSERT = "INSERT INTO users (username, email) VALUES ('test', 'test@example.com');"
"""Practice 2: what a replica must refuse."""

REFUSED_USER = ("test", "test@example.com")
"""The row that a replica which does not refuse it would hold."""

PERFORMANCE_TEST = """
CREATE DATABASE auroratest;
USE auroratest;
CREATE TABLE performance_test (
    id INT AUTO_INCREMENT PRIMARY KEY,
    data VARCHAR(1000),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO performance_test (data) VALUES
(REPEAT('A', 1000)),
(REPEAT('B', 1000)),
(REPEAT('C', 1000));
"""
"""Practice 3: three rows through the writer endpoint."""

COUNT_ROWS = "SELECT COUNT(*) FROM performance_test;"
"""Practice 3: read through the reader endpoint."""

LARGE_TABLE = """
CREATE DATABASE loadtest;
USE loadtest;
CREATE TABLE large_table (
    id INT AUTO_INCREMENT PRIMARY KEY,
    data TEXT,
    random_num INT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO large_table (data, random_num) 
SELECT REPEAT('X', 1000), FLOOR(RAND() * 10000)
FROM (SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) t1,
     (SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) t2,
     (SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) t3;
"""
"""Practice 4: a cross join of three times four rows."""

LARGE_TABLE_ROWS = 4 * 4 * 4

REDIS_STRING = ('SET user:1 "John Doe"', "GET user:1")
REDIS_HASH = ('HSET user:2 name "Jane Smith" email "jane@example.com"', "HGETALL user:2")
REDIS_EXPIRY = ('SETEX session:abc123 3600 "user_session_data"', "TTL session:abc123")
"""Practice 5."""

REDIS_KEYS: dict[str, str | dict[str, str]] = {
    "user:1": "John Doe",
    "user:2": {"name": "Jane Smith", "email": "jane@example.com"},
    "session:abc123": "user_session_data",
}


def statements(text: str) -> list[str]:
    """The single statements of a block; none of the course's has a semicolon inside."""
    return [part.strip() for part in text.split(";") if part.strip()]
