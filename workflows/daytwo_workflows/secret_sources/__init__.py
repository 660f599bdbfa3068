"""Secrets by reference: `secret://env/NAME`, `secret://file/path`, `secret://vault/mount/path#key`, `secret://stored`."""
