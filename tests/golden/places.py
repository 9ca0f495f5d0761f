"""Where what is held still stands: in one state of the code here, in another there.

The newest place comes first: an old one may hand on what stands in the new one.
"""

PLACES = {
    "now": ("anml_fl.registry.clock",),
    "code_hash": ("anml_fl.run.code_hash", "anml_fl.code"),
    "study_hash": ("studies.store",),
}
