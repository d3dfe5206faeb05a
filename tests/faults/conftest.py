from hypothesis import settings

settings.register_profile("long")  # pytest --hypothesis-profile=long: many more examples, other ones each time
