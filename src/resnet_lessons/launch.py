"""A Sphinx extension: no launch buttons while `_config.yml` names no repository.

The theme stops with an error where it has buttons and no address to send them to.
"""


def drop_buttons(app, config) -> None:
    if not config.html_theme_options.get("repository_url"):
        config.html_theme_options.pop("launch_buttons", None)


def setup(app) -> dict:
    app.connect("config-inited", drop_buttons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
