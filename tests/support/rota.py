"""An action whose approvers are looked up in a rota that its requester chooses."""

ROTA_KIND = {
    "apiVersion": "daytwo/v1",
    "kind": "Kind",
    "metadata": {"name": "rota", "title": "Rota"},
    "spec": {
        "schema": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"on_call": {"type": "array", "items": {"type": "string"}}},
        },
        "relations": {},
    },
}
ROTA = {
    "apiVersion": "daytwo/v1",
    "kind": "Entity",
    "metadata": {"kind": "rota", "name": "nights", "title": "Nights", "owner": "group:finance"},
    "spec": {"properties": {"on_call": ["person:fay"]}},
}
FORM = {
    "pages": [
        {
            "title": "What",
            "required": ["version", "environment", "rota"],
            "properties": {
                "version": {"type": "string", "title": "Version"},
                "environment": {"type": "string", "title": "E", "format": "entity", "kind": "environment"},
                "rota": {"type": "string", "title": "Rota", "format": "entity", "kind": "rota"},
            },
        }
    ]
}
ON_CALL = "${{ inputs.rota.properties.on_call }}"
