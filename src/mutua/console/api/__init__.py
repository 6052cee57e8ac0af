"""The REST API that existing clients of the appliance rely on: one module per service."""
