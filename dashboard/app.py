"""The dashboard: one frame around the pages that lie in `pages/`.

`streamlit run dashboard/app.py` imports this file once, as a server (`app`), and runs it as the script of
every session, then as `__main__`.
"""

from pathlib import Path

import places
import streamlit as st

HERE = Path(__file__).parent

if __name__ == "__main__":
    import bar
    from common import choices

    pages = {
        p: st.Page(p.file, title=p.title, url_path=p.url or None, default=not p.url) for p in places.places()
    }
    chosen = st.navigation(list(pages.values()), position="hidden")
    st.set_page_config(f"{chosen.title} · llmobs", str(HERE / "favicon.png"), "wide")
    st.html(HERE / "frame.css")
    bar.menu(pages)
    bar.bar(choices())
    chosen.run()
else:
    from server import FirstAnswer, routes, warm
    from starlette.middleware import Middleware

    app = st.App(__file__, lifespan=warm, routes=routes(), middleware=[Middleware(FirstAnswer)])
