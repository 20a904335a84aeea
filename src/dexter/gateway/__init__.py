"""HTTP in and out: routes, binding, identity, shapes and errors."""
