"""Reading the HTML of a letter as a program and a person do."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """The words in view, the links with their words, and the tags of a letter."""

    def __init__(self, source):
        super().__init__()
        self.words, self.links, self.buttons, self.tags, self.attributes = [], [], [], set(), []
        self.preheader = ""
        self._open, self._unseen = [], 0
        self.feed(source)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        given = dict(attrs)
        if tag in {"head", "style"} or "display:none" in given.get("style", ""):
            self._unseen += 1
        if tag not in {"meta", "br"}:
            self._open.append((tag, "display:none" in given.get("style", "")))
        if tag == "a":
            self.links.append((given["href"], ""))
            if given.get("class") == "button":
                self.buttons.append(given["href"])

    def handle_endtag(self, tag):
        opened, was_hidden = self._open.pop()
        assert opened == tag
        if tag in {"head", "style"} or was_hidden:
            self._unseen -= 1

    def handle_data(self, data):
        if any(was_hidden for _tag, was_hidden in self._open):
            self.preheader += data
        if self._unseen:
            return
        self.words.append(data)
        if self._open and self._open[-1][0] == "a":
            href, words = self.links.pop()
            self.links.append((href, words + data))
