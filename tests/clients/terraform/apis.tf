variable "package" {}

resource "aws_ecr_repository" "r" {
  name                 = "app"
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration {
    scan_on_push = true
  }
}
resource "aws_ecr_lifecycle_policy" "l" {
  repository = aws_ecr_repository.r.name
  policy     = jsonencode({ rules = [{ rulePriority = 1, description = "x", selection = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }, action = { type = "expire" } }] })
}
resource "aws_ecr_repository_policy" "p" {
  repository = aws_ecr_repository.r.name
  policy     = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "a", Effect = "Allow", Principal = "*", Action = ["ecr:BatchGetImage"] }] })
}
resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = aws_iam_role.flow.arn
  runtime       = "python3.11"
  handler       = "a.h"
  filename      = var.package
  vpc_config {
    subnet_ids         = aws_subnet.priv[*].id
    security_group_ids = [aws_security_group.web.id]
  }
}
resource "aws_apigatewayv2_api" "h" {
  name          = "h"
  protocol_type = "HTTP"
  cors_configuration {
    allow_origins = ["https://example.com"]
    allow_methods = ["GET"]
  }
}
resource "aws_apigatewayv2_integration" "i" {
  api_id                 = aws_apigatewayv2_api.h.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.f.invoke_arn
  payload_format_version = "2.0"
}
resource "aws_apigatewayv2_route" "r" {
  api_id             = aws_apigatewayv2_api.h.id
  route_key          = "GET /x"
  target             = "integrations/${aws_apigatewayv2_integration.i.id}"
  authorization_type = "JWT"
  authorizer_id      = aws_apigatewayv2_authorizer.j.id
}
resource "aws_apigatewayv2_authorizer" "j" {
  api_id           = aws_apigatewayv2_api.h.id
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]
  name             = "j"
  jwt_configuration {
    audience = ["a"]
    issuer   = "https://example.com"
  }
}
resource "aws_cloudwatch_log_group" "api" { name = "api" }
resource "aws_apigatewayv2_stage" "s" {
  api_id      = aws_apigatewayv2_api.h.id
  name        = "$default"
  auto_deploy = true
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    format          = "$context.requestId"
  }
}
resource "aws_apigatewayv2_api" "w" {
  name                       = "w"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
}
resource "aws_apigatewayv2_vpc_link" "v" {
  name               = "v"
  security_group_ids = [aws_security_group.web.id]
  subnet_ids         = aws_subnet.priv[*].id
}
resource "aws_secretsmanager_secret" "s" {
  name                    = "s"
  recovery_window_in_days = 0
}
resource "aws_secretsmanager_secret_version" "v" {
  secret_id     = aws_secretsmanager_secret.s.id
  secret_string = jsonencode({ a = 1 })
}
resource "aws_secretsmanager_secret_policy" "p" {
  secret_arn = aws_secretsmanager_secret.s.arn
  policy     = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "a", Effect = "Allow", Principal = { AWS = data.aws_caller_identity.me.account_id }, Action = "secretsmanager:GetSecretValue", Resource = "*" }] })
}
resource "aws_ssm_parameter" "p" {
  name  = "/app/p"
  type  = "SecureString"
  value = "x"
}
resource "aws_dynamodb_table" "t" {
  name           = "table1"
  hash_key       = "pk"
  read_capacity  = 5
  write_capacity = 5
  attribute {
    name = "pk"
    type = "S"
  }
  lifecycle { ignore_changes = [read_capacity] }
}
resource "aws_appautoscaling_target" "t" {
  max_capacity       = 50
  min_capacity       = 5
  resource_id        = "table/${aws_dynamodb_table.t.name}"
  scalable_dimension = "dynamodb:table:ReadCapacityUnits"
  service_namespace  = "dynamodb"
}
resource "aws_appautoscaling_policy" "p" {
  name               = "p"
  policy_type        = "TargetTrackingScaling"
  resource_id        = aws_appautoscaling_target.t.resource_id
  scalable_dimension = aws_appautoscaling_target.t.scalable_dimension
  service_namespace  = aws_appautoscaling_target.t.service_namespace
  target_tracking_scaling_policy_configuration {
    predefined_metric_specification {
      predefined_metric_type = "DynamoDBReadCapacityUtilization"
    }
    target_value = 70
  }
}
resource "aws_resourcegroups_group" "g" {
  name = "g"
  resource_query {
    query = jsonencode({ ResourceTypeFilters = ["AWS::AllSupported"], TagFilters = [{ Key = "env", Values = ["test"] }] })
  }
}
resource "aws_route53_zone" "z" { name = "example.com" }
resource "aws_route53_record" "a" {
  zone_id = aws_route53_zone.z.zone_id
  name    = "www.example.com"
  type    = "A"
  ttl     = 300
  records = ["10.0.0.1"]
}
