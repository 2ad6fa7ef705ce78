"""Every key of the configuration with its type, unit, range and help. YAML files hold values only.

Imports neither torch nor the packages that it describes.
"""
