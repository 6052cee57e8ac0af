"""How the devices of one console move to another, so that none is lost and none is managed twice (R24)."""
