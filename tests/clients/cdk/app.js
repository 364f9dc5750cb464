// An application with what the CDK brings along: assets, custom resources in Node.js and Python, a layer with the AWS CLI.
const cdk = require("aws-cdk-lib");
const {
  aws_apigatewayv2: apigatewayv2, aws_apigatewayv2_integrations: integrations, aws_dynamodb: dynamodb, aws_ec2: ec2,
  aws_lambda: lambda, aws_lambda_event_sources: sources, aws_logs: logs, aws_s3: s3, aws_s3_deployment: deployment,
  aws_secretsmanager: secrets, aws_sns: sns, aws_sns_subscriptions: subscriptions, aws_sqs: sqs,
} = cdk;

const HANDLER = `
const { DynamoDBClient, GetItemCommand, PutItemCommand } = require("@aws-sdk/client-dynamodb");
const client = new DynamoDBClient({});
exports.handler = async (event) => {
  const TableName = process.env.TABLE;
  for (const record of event.Records || [])
    await client.send(new PutItemCommand({ TableName, Item: { pk: { S: record.body } } }));
  if (event.Records) return;
  const found = await client.send(new GetItemCommand({ TableName, Key: { pk: { S: event.pathParameters.key } } }));
  return { statusCode: found.Item ? 200 : 404, body: JSON.stringify(found.Item || null) };
};`;

class Harbour extends cdk.Stack {
  constructor(scope, id) {
    super(scope, id, { env: { account: "000000000000", region: "us-east-1" } });
    const table = new dynamodb.Table(this, "Table", {
      partitionKey: { name: "pk", type: dynamodb.AttributeType.STRING },
      removalPolicy: cdk.RemovalPolicy.DESTROY,
    });
    const bucket = new s3.Bucket(this, "Bucket", { autoDeleteObjects: true, removalPolicy: cdk.RemovalPolicy.DESTROY });
    new deployment.BucketDeployment(this, "Files", {
      destinationBucket: bucket,
      sources: [deployment.Source.data("hello.txt", process.env.GREETING || "hello")],
    });
    const handler = new lambda.Function(this, "Handler", {
      code: lambda.Code.fromInline(HANDLER),
      environment: { TABLE: table.tableName },
      handler: "index.handler",
      logRetention: logs.RetentionDays.ONE_WEEK,
      runtime: lambda.Runtime.NODEJS_20_X,
      timeout: cdk.Duration.seconds(30),
    });
    table.grantReadWriteData(handler);
    const queue = new sqs.Queue(this, "Queue", { visibilityTimeout: cdk.Duration.seconds(60) });
    handler.addEventSource(new sources.SqsEventSource(queue));
    const topic = new sns.Topic(this, "Topic");
    topic.addSubscription(new subscriptions.SqsSubscription(queue, { rawMessageDelivery: true }));
    const api = new apigatewayv2.HttpApi(this, "Api");
    const integration = new integrations.HttpLambdaIntegration("Integration", handler);
    api.addRoutes({ path: "/things/{key}", methods: [apigatewayv2.HttpMethod.GET], integration });
    new secrets.Secret(this, "Secret", { generateSecretString: { secretStringTemplate: "{}", generateStringKey: "p" } });
    new ec2.Vpc(this, "Vpc", { availabilityZones: ["us-east-1a", "us-east-1b"], natGateways: 1 });
    for (const [name, value] of Object.entries({ ApiId: api.apiId, BucketName: bucket.bucketName, TopicArn: topic.topicArn }))
      new cdk.CfnOutput(this, name, { value });
  }
}

new Harbour(new cdk.App(), "Harbour");
