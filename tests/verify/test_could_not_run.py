"""What stops an exercise: exit code 2 and one sentence, or 1 where the database is at fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verify.cloud import PREFIX, TestCloud
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD
from verify.cli import main
from verify.registry import EXERCISES
from verify.trust import RDS_BUNDLE, stranger

NOBODY = f"{PREFIX}.9.200"
CONNECTS = {
    "mysql": "connect with a verified certificate",
    "copy": "connect to the source",
    "aurora": "connect to the writer endpoint",
    "redis": "connect to the primary endpoint",
}
DATABASES = [
    ("mysql", "writer", "mysql"),
    ("copy", "reader", "replica"),
    ("aurora", "writer", "aurora"),
    ("redis", "primary", "redis"),
]


@pytest.mark.parametrize(("database", "role", "exercise"), DATABASES)
def test_a_server_that_is_down(verify: Verify, database: str, role: str, exercise: str) -> None:
    verify.endpoint(database, role)["host"] = NOBODY
    done = verify(exercise)
    assert done.code == 2
    assert done.err.startswith(f"verify: could not run: {database}: {NOBODY}:")
    assert len(done.err.splitlines()) == 1
    assert "passed: clean up" not in done.out
    assert [e["status"] for e in done.exercises] == ["not-run"]
    assert NOBODY in done.exercises[0]["not_run"]


def test_the_same_reason_is_said_once(verify: Verify) -> None:
    verify.record["access"]["endpoint_url"] = f"http://{NOBODY}:4566"
    done = verify("--timeout", "1")
    assert done.code == 2
    assert done.err.startswith("verify: could not run: mysql, copy, aurora, redis: AWS does not")
    assert done.err.count("AWS does not answer") == 1


def test_one_that_cannot_run_does_not_keep_the_others(verify: Verify) -> None:
    verify.endpoint("mysql", "writer")["host"] = NOBODY
    done = verify("mysql", "redis")
    assert done.code == 2
    assert [e["status"] for e in done.exercises] == ["not-run", "passed"]


def test_a_failed_step_outweighs_one_that_cannot_run(verify: Verify) -> None:
    verify.endpoint("mysql", "writer")["host"] = NOBODY
    verify.databases["redis"]["cluster"] = None
    done = verify("mysql", "redis")
    assert done.code == 1
    assert done.failed == {
        "settings as ElastiCache reports them": "its output names no replication group"
    }


@pytest.mark.parametrize(("database", "role", "exercise"), DATABASES)
def test_a_wrong_password_is_a_failure(
    cloud: TestCloud, verify: Verify, database: str, role: str, exercise: str
) -> None:
    # The replica is reached with the credentials of its source.
    owner = "mysql" if database == "copy" else database
    verify.databases[owner]["secret_arn"] = cloud.arns["wrong"]
    done = verify(exercise)
    assert done.code == 1
    assert list(done.failed) == [CONNECTS[database]]
    said = done.failed[CONNECTS[database]]
    assert "WRONGPASS" in said or "does not accept the user and password of the secret" in said
    assert done.statuses == {"failed", "skipped"}
    assert "another-password" not in done.out + done.err + str(done.exercises)


@pytest.mark.parametrize(("database", "role", "exercise"), DATABASES)
def test_a_wrong_ca_is_a_failure(
    verify: Verify, tmp_path: Path, database: str, role: str, exercise: str
) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text(stranger())
    done = verify(exercise, "--ca", str(wrong))
    assert done.code == 1
    assert list(done.failed) == [CONNECTS[database]]
    assert (
        "is not trusted: self-signed certificate in certificate chain"
        in (done.failed[CONNECTS[database]])
    )


def test_a_certificate_for_another_name_is_a_failure(verify: Verify) -> None:
    # 127.84.259 is the address 127.84.1.3, but no certificate says so.
    first, second, third, last = verify.endpoint("aurora", "writer")["host"].split(".")
    another = f"{first}.{second}.{256 * int(third) + int(last)}"
    verify.endpoint("aurora", "writer")["host"] = another
    done = verify("aurora")
    assert done.code == 1
    said = done.failed["connect to the writer endpoint"]
    assert said.startswith(f"the certificate of {another}:3306 is not trusted: ")
    assert "mismatch" in said


def test_no_ca_says_where_rds_publishes_its_own(verify: Verify) -> None:
    verify.record["access"]["ca_file"] = None
    done = verify("mysql")
    assert done.code == 2
    assert RDS_BUNDLE in done.err


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_bundle_that_cannot_be_used(
    verify: Verify, tmp_path: Path, content: str | None
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    done = verify("mysql", "--ca", str(bundle))
    assert done.code == 2
    assert done.err.startswith(f"verify: the CA bundle {bundle} cannot be used: ")


def test_a_ca_of_the_environment_wins_over_the_record(
    verify: Verify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASES_CA_FILE", verify.record["access"]["ca_file"])
    verify.record["access"]["ca_file"] = str(tmp_path / "gone")
    assert verify("mysql").code == 0


def test_no_aws_credentials(verify: Verify) -> None:
    verify.record["access"] |= {"access_key_id": None, "secret_access_key": None}
    done = verify("mysql")
    assert done.code == 2
    assert "no AWS credentials: Unable to locate credentials; log in" in done.err


def test_an_unknown_profile(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobodys")
    done = verify("mysql")
    assert done.code == 2
    assert "no AWS credentials: The config profile (nobodys) could not be found" in done.err


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        ("arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-AbCdEf", "cannot be read"),
        ("gone", "is not the ARN of a secret"),
        (None, "mysql: its output names no secret"),
    ],
)
def test_a_secret_that_is_not_there(verify: Verify, arn: str | None, says: str) -> None:
    verify.databases["mysql"]["secret_arn"] = arn
    done = verify("mysql")
    assert done.code == 2
    assert says in done.err


def test_a_secret_of_another_make(cloud: TestCloud, verify: Verify) -> None:
    secrets = cloud.client("secretsmanager")
    made = secrets.create_secret(Name="plain", SecretString=f"just {PASSWORD}")
    verify.databases["mysql"]["secret_arn"] = made["ARN"]
    done = verify("mysql")
    secrets.delete_secret(SecretId=made["ARN"], ForceDeleteWithoutRecovery=True)
    assert done.code == 2
    assert "is not a JSON object with a password" in done.err
    assert PASSWORD not in done.out + done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nonsense",), f"'nonsense' is neither an exercise ({', '.join(EXERCISES)}) nor a"),
        (("--json", "/nonexistent/report.json"), "cannot write the report /nonexistent/report"),
        (("--junit", "/nonexistent/report.xml"), "cannot write the report /nonexistent/report"),
    ],
)
def test_bad_arguments_are_known_before_anything_runs(
    verify: Verify, arguments: tuple[str, ...], says: str
) -> None:
    done = verify(*arguments)
    assert done.code == 2
    assert done.err.startswith(f"verify: {says}")
    assert done.out == ""


def test_an_endpoint_that_the_outputs_do_not_name(verify: Verify) -> None:
    verify.databases["redis"]["endpoints"] = []
    done = verify("redis", "mysql")
    assert done.code == 2
    assert "redis: no primary endpoint" in done.err
    assert [e["status"] for e in done.exercises] == ["passed", "not-run"]


@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", "3601"])
def test_a_time_limit_that_is_none(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([f"--timeout={value}"])
    assert left.value.code == 2
    assert f"{value!r} is not a number of seconds" in capsys.readouterr().err
