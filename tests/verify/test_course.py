"""The statements are the course's, to the letter. Typed here from the course's own text."""

from __future__ import annotations

import textwrap

from verify import course

PRACTICE_1 = [
    "CREATE DATABASE testdb",
    "USE testdb",
    textwrap.dedent("""\
        CREATE TABLE users (
            id INT AUTO_INCREMENT PRIMARY KEY,
            username VARCHAR(50) NOT NULL,
            email VARCHAR(100) NOT NULL,
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
        )"""),
    "INSERT INTO users (username, email) VALUES\n"
    "('john_doe', 'john@example.com'),\n"
    "('jane_smith', 'jane@example.com'),\n"
    "('bob_wilson', 'bob@example.com')",
]
PRACTICE_3 = [
    "CREATE DATABASE auroratest",
    "USE auroratest",
    textwrap.dedent("""\
        CREATE TABLE performance_test (
            id INT AUTO_INCREMENT PRIMARY KEY,
            data VARCHAR(1000),
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
        )"""),
    "INSERT INTO performance_test (data) VALUES\n"
    "(REPEAT('A', 1000)),\n"
    "(REPEAT('B', 1000)),\n"
    "(REPEAT('C', 1000))",
]
PRACTICE_4 = [
    "CREATE DATABASE loadtest",
    "USE loadtest",
    textwrap.dedent("""\
        CREATE TABLE large_table (
            id INT AUTO_INCREMENT PRIMARY KEY,
            data TEXT,
            random_num INT,
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
        )"""),
    # The blank at the end of the first line is the course's.
    "INSERT INTO large_table (data, random_num) \n"
    "SELECT REPEAT('X', 1000), FLOOR(RAND() * 10000)\n"
    "FROM (SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) t1,\n"
    "     (SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) t2,\n"
    "     (SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) t3",
]


def test_practice_1_is_the_course_s() -> None:
    assert course.statements(course.USERS) == PRACTICE_1
    assert course.SELECT_USERS == "SELECT * FROM users;"


def test_practice_2_is_the_course_s() -> None:
    assert course.REFUSED_INSERT == (
        "INSERT INTO users (username, email) VALUES ('test', 'test@example.com');"
    )


def test_practice_3_is_the_course_s() -> None:
    assert course.statements(course.PERFORMANCE_TEST) == PRACTICE_3
    assert course.COUNT_ROWS == "SELECT COUNT(*) FROM performance_test;"


def test_practice_4_is_the_course_s() -> None:
    assert course.statements(course.LARGE_TABLE) == PRACTICE_4
    assert course.LARGE_TABLE_ROWS == 64


def test_practice_5_is_the_course_s() -> None:
    assert (*course.REDIS_STRING, *course.REDIS_HASH, *course.REDIS_EXPIRY) == (
        'SET user:1 "John Doe"',
        "GET user:1",
        'HSET user:2 name "Jane Smith" email "jane@example.com"',
        "HGETALL user:2",
        'SETEX session:abc123 3600 "user_session_data"',
        "TTL session:abc123",
    )


def test_the_rows_are_those_of_the_statement() -> None:
    insert = PRACTICE_1[-1]
    assert all(f"('{name}', '{email}')" in insert for name, email in course.THE_USERS)
    assert len(course.THE_USERS) == 3
    assert str(course.REFUSED_USER) in course.REFUSED_INSERT


def test_statements_drops_what_is_empty() -> None:
    assert course.statements("\nA;\n\n B (1) ;\n") == ["A", "B (1)"]
