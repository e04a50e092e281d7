"""What side scanners say of a build."""
