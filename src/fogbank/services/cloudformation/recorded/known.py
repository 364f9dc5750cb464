"""What AWS's schemas do not tell of some types: the forms of their ids, and what Ref returns.

The "Return values" sections of the template reference have both:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

from __future__ import annotations

# type -> path of a property -> form (see wire.resource_schemas)
FORMS = {
    "AWS::ApiGatewayV2::Api": {"ApiId": "<a10>", "ApiEndpoint": "https://${ApiId}.execute-api.${Region}.${Suffix}"},
    "AWS::AppSync::GraphQLApi": {
        "ApiId": "<l26>",
        "GraphQLUrl": "https://<l26>.appsync-api.${Region}.${Suffix}/graphql",
        "GraphQLDns": "<l26>.appsync-api.${Region}.${Suffix}",
        "RealtimeUrl": "wss://<l26>.appsync-realtime-api.${Region}.${Suffix}/graphql",
        "RealtimeDns": "<l26>.appsync-realtime-api.${Region}.${Suffix}",
    },
    "AWS::Backup::BackupPlan": {"BackupPlanId": "<uuid>"},
    "AWS::CloudFront::CloudFrontOriginAccessIdentity": {"Id": "E<A13>"},
    "AWS::CloudFront::Distribution": {"Id": "E<A13>", "DomainName": "d<a13>.cloudfront.net"},
    "AWS::CloudFront::OriginAccessControl": {"Id": "E<A13>"},
    "AWS::Cognito::IdentityPool": {"Id": "${Region}:<uuid>"},
    "AWS::Cognito::UserPool": {
        "UserPoolId": "${Region}_<a9>",
        "ProviderName": "cognito-idp.${Region}.${Suffix}/${UserPoolId}",
        "ProviderURL": "https://cognito-idp.${Region}.${Suffix}/${UserPoolId}",
    },
    "AWS::Cognito::UserPoolClient": {"ClientId": "<a26>", "Name": "${ClientName}"},
    "AWS::EC2::EIP": {"PublicIp": "52.<d2>.1<d2>.<d2>", "AllocationId": "eipalloc-0<x16>"},
    "AWS::EC2::Instance": {
        "InstanceId": "i-0<x16>",
        "PrivateIp": "10.0.<d2>.<d2>",
        "PublicIp": "52.<d2>.1<d2>.<d2>",
        "AvailabilityZone": "${Region}a",
    },
    "AWS::EFS::FileSystem": {"FileSystemId": "fs-0<x16>"},
    "AWS::EFS::AccessPoint": {"AccessPointId": "fsap-0<x16>"},
    "AWS::EFS::MountTarget": {"Id": "fsmt-0<x16>", "IpAddress": "10.0.<d2>.<d2>"},
    "AWS::EKS::Cluster": {
        "Endpoint": "https://<A32>.gr7.${Region}.eks.${Suffix}",
        "OpenIdConnectIssuerUrl": "https://oidc.eks.${Region}.${Suffix}/id/<A32>",
        "ClusterSecurityGroupId": "sg-0<x16>",
    },
    "AWS::ElasticLoadBalancingV2::LoadBalancer": {
        "Name": "<Name32>",
        "LoadBalancerName": "${Name}",
        "LoadBalancerArn": "arn:${Partition}:elasticloadbalancing:${Region}:${Account}:loadbalancer/app/"
        "${LoadBalancerName}/<x16>",
        "LoadBalancerFullName": "app/${LoadBalancerName}/<x16>",
        "DNSName": "${LoadBalancerName}-<d10>.${Region}.elb.${Suffix}",
    },
    "AWS::ElasticLoadBalancingV2::TargetGroup": {
        "Name": "<Name32>",
        "TargetGroupName": "${Name}",
        "TargetGroupArn": "arn:${Partition}:elasticloadbalancing:${Region}:${Account}:targetgroup/${TargetGroupName}/"
        "<x16>",
        "TargetGroupFullName": "targetgroup/${TargetGroupName}/<x16>",
    },
    "AWS::Events::Rule": {"Arn": "arn:${Partition}:events:${Region}:${Account}:rule/${RuleName}"},
    "AWS::EMR::Cluster": {"Id": "j-<A13>"},
    "AWS::RDS::DBCluster": {
        "DBClusterIdentifier": "<name63>",
        "Endpoint/Address": "${DBClusterIdentifier}.cluster-<a12>.${Region}.rds.${Suffix}",
        "ReadEndpoint/Address": "${DBClusterIdentifier}.cluster-ro-<a12>.${Region}.rds.${Suffix}",
        "DBClusterResourceId": "cluster-<A26>",
    },
    "AWS::RDS::DBInstance": {
        "DBInstanceIdentifier": "<name63>",
        "Endpoint/Address": "${DBInstanceIdentifier}.<a12>.${Region}.rds.${Suffix}",
        "DbiResourceId": "db-<A26>",
    },
    "AWS::Redshift::Cluster": {
        "ClusterIdentifier": "<name63>",
        "Endpoint/Address": "${ClusterIdentifier}.<a12>.${Region}.redshift.${Suffix}",
    },
    "AWS::Route53::HostedZone": {"Id": "Z<A20>"},
    "AWS::StepFunctions::StateMachine": {
        "Arn": "arn:${Partition}:states:${Region}:${Account}:stateMachine:${StateMachineName}"
    },
}

# type -> the property that Ref returns, where that is not the primary identifier
REFS = {
    "AWS::ACMPCA::Certificate": "Arn",
    "AWS::AppConfig::ConfigurationProfile": "ConfigurationProfileId",
    "AWS::AppConfig::Deployment": "DeploymentNumber",
    "AWS::AppConfig::Environment": "EnvironmentId",
    "AWS::AppConfig::HostedConfigurationVersion": "VersionNumber",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "Arn",
    "AWS::AutoScaling::LifecycleHook": "LifecycleHookName",
    "AWS::CodeDeploy::DeploymentGroup": "DeploymentGroupName",
    "AWS::Cognito::UserPoolClient": "ClientId",
    "AWS::Cognito::UserPoolDomain": "Domain",
    "AWS::Cognito::UserPoolGroup": "GroupName",
    "AWS::Cognito::UserPoolIdentityProvider": "ProviderName",
    "AWS::Cognito::UserPoolResourceServer": "Identifier",
    "AWS::Cognito::UserPoolUser": "Username",
    "AWS::EC2::EIP": "PublicIp",
    "AWS::ECS::Service": "ServiceArn",
    "AWS::EMR::Cluster": "Id",
    "AWS::Events::Rule": "Name",
    "AWS::Glue::Table": "Name",
    "AWS::Route53::RecordSet": "Name",
}

# the last words of the names of read-only numbers and texts, and the port of the service
PORTS = {
    "DAX": 8111, "DocDB": 27017, "DocDBElastic": 27017, "ElastiCache": 6379, "MemoryDB": 6379, "Neptune": 8182,
    "RDS": 3306, "Redshift": 5439, "RedshiftServerless": 5439,
}  # fmt: skip
POSTGRES = 5432  # of engines whose name contains "postgres"

# last word of a type, in lower case -> prefix of the ids that EC2 makes: vpc-0123456789abcdef0
EC2_IDS = {
    "carriergateway": "cagw", "clientvpnendpoint": "cvpn-endpoint", "customergateway": "cgw", "dhcpoptions": "dopt",
    "ec2fleet": "fleet", "egressonlyinternetgateway": "eigw", "eipassociation": "eipassoc", "flowlog": "fl",
    "host": "h", "internetgateway": "igw", "ipam": "ipam", "keypair": "key", "launchtemplate": "lt",
    "natgateway": "nat", "networkacl": "acl", "networkinterface": "eni", "prefixlist": "pl", "routetable": "rtb",
    "securitygroup": "sg", "securitygroupegress": "sgr", "securitygroupingress": "sgr", "spotfleet": "sfr",
    "subnet": "subnet", "subnetnetworkaclassociation": "aclassoc", "subnetroutetableassociation": "rtbassoc",
    "transitgateway": "tgw", "transitgatewayattachment": "tgw-attach", "transitgatewayroutetable": "tgw-rtb",
    "volume": "vol", "vpc": "vpc", "vpcendpoint": "vpce", "vpcendpointservice": "vpce-svc",
    "vpcpeeringconnection": "pcx", "vpnconnection": "vpn", "vpngateway": "vgw",
}  # fmt: skip
