from __future__ import annotations

from tests.components.ground import EAST_KEY, inputs
from tests.components.migrated import SECRET, made


def test_schema_conversion() -> None:
    found = made(convert=True)
    assert found.below("convert") == {
        "convert-source": "aws:dms/dataProvider:DataProvider",
        "convert-target": "aws:dms/dataProvider:DataProvider",
        "convert-profile": "aws:dms/instanceProfile:InstanceProfile",
        "convert-project": "aws:dms/migrationProject:MigrationProject",
    }
    assert inputs(found, "convert-source") == {
        "region": "us-east-1",
        "name": "move-source",
        "engine": "mysql",
        "settings": {
            "mysqlSettings": {
                "serverName": "myapp-mysql-db.us-east-1",
                "port": 3306,
                "sslMode": "verify-full",
                "certificateArn": "arn:aws:dms:us-east-1:123456789012:cert:move-authorities",
            }
        },
    }
    assert inputs(found, "convert-profile") == {
        "region": "us-east-1",
        "name": "move-profile",
        "description": "Schema conversion of move",
        "kmsKeyArn": EAST_KEY,
        "publiclyAccessible": False,
        "subnetGroupIdentifier": "move-subnets",
        "vpcSecurityGroupIds": ["move-access-group-id"],
    }
    project = inputs(found, "convert-project")
    assert project["targetDataProviderDescriptors"] == [
        {
            "dataProviderArn": "arn:aws:dms:us-east-1:123456789012:data-provider:move-target",
            "secretsManagerSecretId": SECRET.format("target"),
            "secretsManagerAccessRoleArn": "arn:aws:iam::123456789012:role/move-secrets-role",
        }
    ]
    assert project["schemaConversionApplicationAttributes"] == {
        "s3BucketPath": "s3://reports/move",
        "s3BucketRoleArn": "arn:role",
    }
