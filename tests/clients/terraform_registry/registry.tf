# A private and a public repository, and all settings of a registry that the provider knows.
resource "aws_ecr_repository" "a" {
  name                 = "team/app"
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration { scan_on_push = true }
  force_delete = true
  tags         = { team = "fog" }
}
resource "aws_ecr_lifecycle_policy" "l" {
  repository = aws_ecr_repository.a.name
  policy     = jsonencode({ rules = [{ rulePriority = 1, description = "d", selection = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 3 }, action = { type = "expire" } }] })
}
resource "aws_ecr_repository_policy" "p" {
  repository = aws_ecr_repository.a.name
  policy     = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "a", Effect = "Allow", Principal = "*", Action = ["ecr:BatchGetImage"] }] })
}
data "aws_caller_identity" "me" {}
resource "aws_ecr_registry_policy" "r" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "a", Effect = "Allow", Principal = { AWS = "arn:aws:iam::111122223333:root" }, Action = ["ecr:ReplicateImage"], Resource = ["*"] }] })
}
resource "aws_ecr_replication_configuration" "x" {
  replication_configuration {
    rule {
      destination {
        region      = "eu-west-1"
        registry_id = data.aws_caller_identity.me.account_id
      }
      repository_filter {
        filter      = "team/"
        filter_type = "PREFIX_MATCH"
      }
    }
  }
}
resource "aws_ecr_registry_scanning_configuration" "s" {
  scan_type = "BASIC"
  rule {
    scan_frequency = "SCAN_ON_PUSH"
    repository_filter {
      filter      = "*"
      filter_type = "WILDCARD"
    }
  }
}
resource "aws_ecr_pull_through_cache_rule" "c" {
  ecr_repository_prefix = "quay"
  upstream_registry_url = "quay.io"
}
resource "aws_ecr_repository_creation_template" "t" {
  prefix               = "prod"
  applied_for          = ["REPLICATION"]
  description          = "d"
  image_tag_mutability = "IMMUTABLE"
  resource_tags        = { a = "b" }
}
resource "aws_ecr_account_setting" "z" {
  name  = "REGISTRY_POLICY_SCOPE"
  value = "V2"
}
resource "aws_ecrpublic_repository" "pub" {
  repository_name = "cat"
  catalog_data {
    description   = "d"
    architectures = ["ARM"]
  }
  tags = { k = "v" }
}
resource "aws_ecrpublic_repository_policy" "pp" {
  repository_name = aws_ecrpublic_repository.pub.repository_name
  policy          = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "a", Effect = "Allow", Principal = "*", Action = ["ecr-public:BatchGetImage"] }] })
}
data "aws_ecr_authorization_token" "tok" {}
data "aws_ecr_repositories" "all" { depends_on = [aws_ecr_repository.a] }
output "url" { value = aws_ecr_repository.a.repository_url }
output "proxy" { value = data.aws_ecr_authorization_token.tok.proxy_endpoint }
