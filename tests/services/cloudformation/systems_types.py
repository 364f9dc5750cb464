"""What the resource types of Route 53 and Systems Manager say at least, and what they need: for test_repeating."""

TAGS = [{"Key": "team", "Value": "fog"}]
RUNBOOK = {"schemaVersion": "0.3", "mainSteps": [{"name": "wait", "action": "aws:sleep", "inputs": {}}]}


class Needs:
    """What a World makes of Route 53 and Systems Manager."""

    def _window(self):
        made = self.aws.client("ssm").create_maintenance_window(
            Name="window", Schedule="rate(1 day)", Duration=2, Cutoff=1, AllowUnassociatedTargets=True
        )
        return made["WindowId"]

    def _shared_parameter(self):
        self.aws.client("ssm").put_parameter(Name="/shared", Value="v", Type="String", Tier="Advanced")
        return f"arn:aws:ssm:us-east-1:{self.aws.id}:parameter/shared"

    def _zone(self):
        made = self.aws.client("route53").create_hosted_zone(Name="zone.com", CallerReference="zone")
        return made["HostedZone"]["Id"].removeprefix("/hostedzone/")

    def _signed_zone(self):
        self.aws.client("route53").create_key_signing_key(
            HostedZoneId=self.need("zone"), Name="key", Status="ACTIVE", CallerReference="key",
            KeyManagementServiceArn=f"arn:aws:kms:us-east-1:{self.aws.id}:key/{self.need('key')}",
        )  # fmt: skip
        return self.need("zone")


LEAST = {
    "AWS::Route53::CidrCollection": lambda w: {
        "Name": "c", "Locations": [{"LocationName": "l", "CidrList": ["10.0.0.0/24"]}]},
    "AWS::Route53::DNSSEC": lambda w: {"HostedZoneId": w.need("signed_zone")},
    "AWS::Route53::HealthCheck": lambda w: {
        "HealthCheckConfig": {"Type": "TCP", "IPAddress": "10.0.0.1", "Port": 80}, "HealthCheckTags": TAGS},
    "AWS::Route53::HostedZone": lambda w: {"Name": "made.com", "HostedZoneTags": TAGS},
    "AWS::Route53::KeySigningKey": lambda w: {
        "HostedZoneId": w.need("zone"), "Name": "key", "Status": "ACTIVE",
        "KeyManagementServiceArn": f"arn:aws:kms:us-east-1:{w.aws.id}:key/{w.need('key')}"},
    "AWS::Route53::RecordSet": lambda w: {
        "HostedZoneId": w.need("zone"), "Name": "a.zone.com", "Type": "A", "TTL": "60",
        "ResourceRecords": ["10.0.0.1"]},
    "AWS::Route53::RecordSetGroup": lambda w: {
        "HostedZoneName": w.need("zone") and "zone.com.", "RecordSets": [
            {"Name": "a.zone.com", "Type": "A", "TTL": "60", "ResourceRecords": ["10.0.0.1"]}]},
    "AWS::SSM::Association": lambda w: {
        "Name": "AWS-RunShellScript", "Targets": [{"Key": "tag:a", "Values": ["b"]}], "Tags": TAGS},
    "AWS::SSM::Document": lambda w: {"Content": RUNBOOK, "DocumentType": "Automation", "Tags": TAGS},
    "AWS::SSM::MaintenanceWindow": lambda w: {
        "Name": "window", "Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 1, "AllowUnassociatedTargets": True,
        "Tags": TAGS},
    "AWS::SSM::MaintenanceWindowTarget": lambda w: {
        "WindowId": w.need("window"), "ResourceType": "INSTANCE", "Targets": [{"Key": "tag:a", "Values": ["b"]}]},
    "AWS::SSM::MaintenanceWindowTask": lambda w: {
        "WindowId": w.need("window"), "TaskType": "RUN_COMMAND", "TaskArn": "AWS-RunShellScript", "Priority": 1,
        "Targets": [{"Key": "InstanceIds", "Values": ["i-0123456789abcdef0"]}]},
    "AWS::SSM::PatchBaseline": lambda w: {"Name": "base", "PatchGroups": ["g"], "DefaultBaseline": True, "Tags": TAGS},
    "AWS::SSM::ResourceDataSync": lambda w: {
        "SyncName": "s", "S3Destination": {
            "BucketName": "b", "BucketRegion": "us-east-1", "SyncFormat": "JsonSerDe"}},
    "AWS::SSM::ResourcePolicy": lambda w: {"ResourceArn": w.need("shared_parameter"), "Policy": {
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "ssm:GetParameter",
            "Resource": w.need("shared_parameter")}]}},
    "AWS::SSM::Parameter": lambda w: {"Name": "/p", "Type": "String", "Value": "v", "Tags": {"team": "fog"}},
}  # fmt: skip
