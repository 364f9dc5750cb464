"""What EC2's resource types say at least, and the things that they need: for test_repeating."""

from __future__ import annotations

import json

ZONE = "us-east-1a"
TAGS = [{"Key": "team", "Value": "fog"}]
FLEET_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "spotfleet.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class Needs:
    """What a World makes of EC2."""

    @property
    def ec2(self):
        return self.aws.client("ec2")

    def _vpc(self):
        return self.ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]

    def _other_vpc(self):
        return self.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]

    def _ipv6(self):
        (vpc,) = self.ec2.describe_vpcs(VpcIds=[self.need("vpc")])["Vpcs"]
        return vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")

    def _subnet(self):
        made = self.ec2.create_subnet(VpcId=self.need("vpc"), CidrBlock="10.0.1.0/24")
        return made["Subnet"]["SubnetId"]

    def _gateway(self):
        return self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]

    def _attached_gateway(self):
        self.ec2.attach_internet_gateway(InternetGatewayId=self.need("gateway"), VpcId=self.need("vpc"))
        return self.need("gateway")

    def _vpn_gateway(self):
        made = self.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
        self.ec2.attach_vpn_gateway(VpnGatewayId=made, VpcId=self.need("vpc"))
        return made

    def _route_table(self):
        return self.ec2.create_route_table(VpcId=self.need("vpc"))["RouteTable"]["RouteTableId"]

    def _security_group(self):
        return self.ec2.create_security_group(GroupName="g", Description="d", VpcId=self.need("vpc"))["GroupId"]

    def _acl(self):
        return self.ec2.create_network_acl(VpcId=self.need("vpc"))["NetworkAcl"]["NetworkAclId"]

    def _interface(self):
        made = self.ec2.create_network_interface(SubnetId=self.need("subnet"))
        return made["NetworkInterface"]["NetworkInterfaceId"]

    def _address(self):
        return self.ec2.allocate_address()["AllocationId"]

    def _dhcp(self):
        options = [{"Key": "domain-name", "Values": ["example.com"]}]
        return self.ec2.create_dhcp_options(DhcpConfigurations=options)["DhcpOptions"]["DhcpOptionsId"]

    def _endpoint_service(self):
        arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/n/1"
        made = self.ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[arn])
        return made["ServiceConfiguration"]["ServiceId"]

    def _transit(self):
        options = {"DefaultRouteTableAssociation": "disable", "DefaultRouteTablePropagation": "disable"}
        return self.ec2.create_transit_gateway(Options=options)["TransitGateway"]["TransitGatewayId"]

    def _transit_table(self):
        made = self.ec2.create_transit_gateway_route_table(TransitGatewayId=self.need("transit"))
        return made["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"]

    def _transit_attachment(self):
        made = self.ec2.create_transit_gateway_vpc_attachment(
            TransitGatewayId=self.need("transit"), VpcId=self.need("vpc"), SubnetIds=[self.need("subnet")]
        )
        return made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]

    def _image(self):
        name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
        return self.aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]

    def _instance(self):
        launch = {"ImageId": self.need("image"), "InstanceType": "t3.nano", "Placement": {"AvailabilityZone": ZONE}}
        id = self.ec2.run_instances(**launch, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[id], WaiterConfig={"Delay": 1})
        return id

    def _volume(self):
        id = self.ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
        self.ec2.get_waiter("volume_available").wait(VolumeIds=[id], WaiterConfig={"Delay": 1})
        return id

    def _launch_template(self):
        data = {"ImageId": self.need("image"), "InstanceType": "t3.nano"}
        made = self.ec2.create_launch_template(LaunchTemplateName="made", LaunchTemplateData=data)
        return made["LaunchTemplate"]["LaunchTemplateId"]

    def _fleet_role(self):
        trust = json.dumps(FLEET_TRUST)
        return self.aws.client("iam").create_role(RoleName="fleet", AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    def _interface_by_instance(self):
        (subnet,) = self.ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": [ZONE]}])["Subnets"]
        made = self.ec2.create_network_interface(SubnetId=subnet["SubnetId"])
        return made["NetworkInterface"]["NetworkInterfaceId"]


LEAST = {
    "AWS::EC2::CapacityReservation": lambda w: {
        "AvailabilityZone": ZONE, "InstanceType": "t3.nano", "InstancePlatform": "Linux/UNIX", "InstanceCount": 1},
    "AWS::EC2::CustomerGateway": lambda w: {
        "Type": "ipsec.1", "IpAddress": "203.0.113.1", "BgpAsn": 65000, "Tags": TAGS},
    "AWS::EC2::DHCPOptions": lambda w: {"DomainName": "example.com", "NtpServers": ["10.0.0.2"], "Tags": TAGS},
    "AWS::EC2::EIP": lambda w: {"Domain": "vpc", "Tags": TAGS},
    "AWS::EC2::EIPAssociation": lambda w: {
        "AllocationId": w.need("attached_gateway") and w.need("address"), "NetworkInterfaceId": w.need("interface")},
    "AWS::EC2::EgressOnlyInternetGateway": lambda w: {"VpcId": w.need("vpc"), "Tags": TAGS},
    "AWS::EC2::FlowLog": lambda w: {
        "ResourceId": w.need("vpc"), "ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "s3",
        "LogDestination": f"arn:aws:s3:::{w.need('bucket')}", "Tags": TAGS},
    "AWS::EC2::GatewayRouteTableAssociation": lambda w: {
        "GatewayId": w.need("attached_gateway"), "RouteTableId": w.need("route_table")},
    "AWS::EC2::Host": lambda w: {"AvailabilityZone": ZONE, "InstanceType": "m5.large", "Tags": TAGS},
    "AWS::EC2::Instance": lambda w: {
        "ImageId": w.need("image"), "InstanceType": "t3.nano", "SourceDestCheck": False, "Tags": TAGS},
    "AWS::EC2::InstanceConnectEndpoint": lambda w: {"SubnetId": w.need("subnet"), "Tags": TAGS},
    "AWS::EC2::InternetGateway": lambda w: {"Tags": TAGS},
    "AWS::EC2::KeyPair": lambda w: {"KeyName": "made", "KeyType": "ed25519", "Tags": TAGS},
    "AWS::EC2::LaunchTemplate": lambda w: {"LaunchTemplateData": {"ImageId": w.need("image")}},
    "AWS::EC2::NatGateway": lambda w: {
        "SubnetId": w.need("attached_gateway") and w.need("subnet"), "AllocationId": w.need("address"), "Tags": TAGS},
    "AWS::EC2::NetworkAcl": lambda w: {"VpcId": w.need("vpc"), "Tags": TAGS},
    "AWS::EC2::NetworkAclEntry": lambda w: {
        "NetworkAclId": w.need("acl"), "RuleNumber": 10, "Protocol": 6, "RuleAction": "allow",
        "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 80, "To": 80}},
    "AWS::EC2::NetworkInterface": lambda w: {
        "SubnetId": w.need("subnet"), "GroupSet": [w.need("security_group")], "SourceDestCheck": False, "Tags": TAGS},
    "AWS::EC2::PlacementGroup": lambda w: {"Strategy": "spread", "Tags": TAGS},
    "AWS::EC2::NetworkInterfaceAttachment": lambda w: {
        "NetworkInterfaceId": w.need("interface_by_instance"), "InstanceId": w.need("instance"), "DeviceIndex": "1",
        "DeleteOnTermination": False},
    "AWS::EC2::PrefixList": lambda w: {
        "PrefixListName": "n", "AddressFamily": "IPv4", "MaxEntries": 2, "Entries": [{"Cidr": "10.0.0.0/8"}],
        "Tags": TAGS},
    "AWS::EC2::Route": lambda w: {
        "RouteTableId": w.need("route_table"), "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": w.need("attached_gateway")},
    "AWS::EC2::RouteTable": lambda w: {"VpcId": w.need("vpc"), "Tags": TAGS},
    "AWS::EC2::SecurityGroup": lambda w: {
        "GroupDescription": "d", "VpcId": w.need("vpc"), "Tags": TAGS,
        "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8"}],
        "SecurityGroupEgress": [{"IpProtocol": "icmp", "FromPort": 252, "ToPort": 86, "CidrIp": "255.255.255.255/32"}]},
    "AWS::EC2::SecurityGroupEgress": lambda w: {
        "GroupId": w.need("security_group"), "IpProtocol": "-1", "CidrIpv6": "::/0"},
    "AWS::EC2::SecurityGroupIngress": lambda w: {
        "GroupId": w.need("security_group"), "IpProtocol": "-1", "SourceSecurityGroupId": w.need("security_group")},
    "AWS::EC2::SpotFleet": lambda w: {"SpotFleetRequestConfigData": {
        "IamFleetRole": w.need("fleet_role"), "TargetCapacity": 1, "LaunchTemplateConfigs": [
            {"LaunchTemplateSpecification": {"LaunchTemplateId": w.need("launch_template"), "Version": "1"}}]}},
    "AWS::EC2::Subnet": lambda w: {
        "VpcId": w.need("vpc"), "CidrBlock": "10.0.1.0/24", "MapPublicIpOnLaunch": True, "Tags": TAGS},
    "AWS::EC2::SubnetCidrBlock": lambda w: {"SubnetId": w.need("subnet"), "Ipv6CidrBlock": w.need("ipv6")},
    "AWS::EC2::SubnetNetworkAclAssociation": lambda w: {
        "SubnetId": w.need("subnet"), "NetworkAclId": w.need("acl")},
    "AWS::EC2::SubnetRouteTableAssociation": lambda w: {
        "SubnetId": w.need("subnet"), "RouteTableId": w.need("route_table")},
    "AWS::EC2::TransitGateway": lambda w: {"Description": "d", "Tags": TAGS},
    "AWS::EC2::TransitGatewayAttachment": lambda w: {
        "TransitGatewayId": w.need("transit"), "VpcId": w.need("vpc"), "SubnetIds": [w.need("subnet")], "Tags": TAGS},
    "AWS::EC2::TransitGatewayRoute": lambda w: {
        "TransitGatewayRouteTableId": w.need("transit_table"), "DestinationCidrBlock": "0.0.0.0/0",
        "TransitGatewayAttachmentId": w.need("transit_attachment")},
    "AWS::EC2::TransitGatewayRouteTable": lambda w: {"TransitGatewayId": w.need("transit"), "Tags": TAGS},
    "AWS::EC2::TransitGatewayRouteTableAssociation": lambda w: {
        "TransitGatewayRouteTableId": w.need("transit_table"),
        "TransitGatewayAttachmentId": w.need("transit_attachment")},
    "AWS::EC2::TransitGatewayRouteTablePropagation": lambda w: {
        "TransitGatewayRouteTableId": w.need("transit_table"),
        "TransitGatewayAttachmentId": w.need("transit_attachment")},
    "AWS::EC2::TransitGatewayVpcAttachment": lambda w: {
        "TransitGatewayId": w.need("transit"), "VpcId": w.need("vpc"), "SubnetIds": [w.need("subnet")], "Tags": TAGS},
    "AWS::EC2::VPC": lambda w: {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": True, "Tags": TAGS},
    "AWS::EC2::VPCCidrBlock": lambda w: {"VpcId": w.need("vpc"), "CidrBlock": "10.1.0.0/16"},
    "AWS::EC2::VPCDHCPOptionsAssociation": lambda w: {"VpcId": w.need("vpc"), "DhcpOptionsId": w.need("dhcp")},
    "AWS::EC2::VPCEndpoint": lambda w: {
        "VpcId": w.need("vpc"), "ServiceName": "com.amazonaws.us-east-1.s3", "RouteTableIds": [w.need("route_table")],
        "PolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]},
        "Tags": TAGS},
    "AWS::EC2::VPCEndpointService": lambda w: {
        "NetworkLoadBalancerArns": ["arn:aws:elasticloadbalancing:us-east-1:0:loadbalancer/net/n/1"], "Tags": TAGS},
    "AWS::EC2::VPCEndpointServicePermissions": lambda w: {
        "ServiceId": w.need("endpoint_service"), "AllowedPrincipals": [f"arn:aws:iam::{w.aws.id}:root"]},
    "AWS::EC2::VPCGatewayAttachment": lambda w: {"VpcId": w.need("vpc"), "InternetGatewayId": w.need("gateway")},
    "AWS::EC2::VPCPeeringConnection": lambda w: {
        "VpcId": w.need("vpc"), "PeerVpcId": w.need("other_vpc"), "Tags": TAGS},
    "AWS::EC2::Volume": lambda w: {"AvailabilityZone": ZONE, "Size": 1, "Tags": TAGS},
    "AWS::EC2::VolumeAttachment": lambda w: {
        "VolumeId": w.need("volume"), "InstanceId": w.need("instance"), "Device": "/dev/sdf"},
    "AWS::EC2::VPNGateway": lambda w: {"Type": "ipsec.1", "Tags": TAGS},
    "AWS::EC2::VPNGatewayRoutePropagation": lambda w: {
        "VpnGatewayId": w.need("vpn_gateway"), "RouteTableIds": [w.need("route_table")]},
}  # fmt: skip
# attributes of NAT gateways for a whole VPC, of encryption, and of IPv6
NOT_GIVEN = {
    "AWS::EC2::NatGateway": {"AutoProvisionZones", "AutoScalingIps", "RouteTableId"},
    "AWS::EC2::NetworkInterface": {"PublicIpDnsNameOptions"},
    "AWS::EC2::TransitGateway": {"EncryptionSupportState"},
    "AWS::EC2::VPCCidrBlock": {"IpSource", "Ipv6AddressAttribute"},
}
