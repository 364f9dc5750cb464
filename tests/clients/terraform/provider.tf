# The keys, the region and the endpoint come from the environment.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  s3_use_path_style = true
  default_tags {
    tags = { env = "test" }
  }
}
