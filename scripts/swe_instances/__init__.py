"""How scripts/make_swe_instances.py makes and checks its instances; see there."""


class Failure(Exception):
    """Something the user can cure; the message says how."""
