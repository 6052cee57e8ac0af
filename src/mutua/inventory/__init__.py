"""What is managed: devices, their groups and the credentials they are reached with."""
