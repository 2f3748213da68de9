// Opens a page of ours the way the back button does: Streamlit (1.67.0) answers to `popstate`. Its own st.switch_page
// leaves this page with the next one's query in the history, and is lost when this page asks again at that moment.
function go(href) {
  history.pushState({}, "", href);
  dispatchEvent(new PopStateEvent("popstate"));
}
