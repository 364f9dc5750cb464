variable "size" { default = "t3.micro" }

resource "aws_key_pair" "k" {
  key_name   = "k"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4m0mTGmwPcCgbOqVNaQ7Yg2mQ1Jz3nQ0cQx0zW0Y7e me@x"
}
resource "aws_iam_instance_profile" "p" {
  name = "p"
  role = aws_iam_role.flow.name
}
resource "aws_instance" "i" {
  ami                    = data.aws_ami.al2023.id
  instance_type          = var.size
  subnet_id              = aws_subnet.pub[0].id
  vpc_security_group_ids = [aws_security_group.web.id]
  key_name               = aws_key_pair.k.key_name
  iam_instance_profile   = aws_iam_instance_profile.p.name
  user_data              = "#!/bin/sh\necho hi"
  metadata_options {
    http_tokens = "required"
  }
  root_block_device {
    volume_size = 20
    volume_type = "gp3"
  }
  tags = { Name = "web" }
}
resource "aws_ebs_volume" "e" {
  availability_zone = data.aws_availability_zones.z.names[0]
  size              = 10
  type              = "gp3"
}
resource "aws_volume_attachment" "a" {
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.e.id
  instance_id = aws_instance.i.id
}
resource "aws_launch_template" "t" {
  name_prefix   = "tmpl-"
  image_id      = data.aws_ami.al2023.id
  instance_type = "t3.small"
  network_interfaces {
    security_groups             = [aws_security_group.web.id]
    associate_public_ip_address = true
  }
  tag_specifications {
    resource_type = "instance"
    tags          = { a = "b" }
  }
}
resource "aws_eip" "i" {
  instance = aws_instance.i.id
  domain   = "vpc"
}
resource "aws_network_interface" "n" {
  subnet_id       = aws_subnet.priv[1].id
  private_ips     = ["10.0.11.50"]
  security_groups = [aws_security_group.db.id]
}
resource "aws_placement_group" "g" {
  name     = "g"
  strategy = "cluster"
}
resource "aws_ebs_snapshot" "s" { volume_id = aws_ebs_volume.e.id }
