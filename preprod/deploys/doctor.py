"""A deploy file of its own: the preflight alone, ``pyinfra --dry inventory/preprod.py preprod/deploys/doctor.py``."""

from preprod.deploys import plan

plan.make()
