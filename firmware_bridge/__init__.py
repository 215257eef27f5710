"""From a tool's bytes to blocks of physical samples with honest time."""
