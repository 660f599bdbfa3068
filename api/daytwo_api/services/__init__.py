"""What the routes call: one class per resource, built by `daytwo_api.app.create_app`, reached by `ServicesDep`."""
