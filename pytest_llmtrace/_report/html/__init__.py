"""The HTML report: one file that opens from disk, with nothing but itself.

`page` puts it together; `run_data` is what the page reads at once, `traces` what it reads when a test is opened;
`blocks` makes JSON inert inside HTML. `page.html.j2`, `css/` and `js/` are the page's own sources, joined in order.
"""
