"""The fictional product of the demo: Larch, a cargo e-bike, its help articles, customers and orders.

Everything the demo says comes from here, so that a reader of a trace meets sensible English and can see
which article an answer was drawn from. No name, address or number in it belongs to anyone.
"""

from typing import NamedTuple


class Article(NamedTuple):
    """One help article: what customers ask about it, and sentences any of which answers them."""

    topic: str
    title: str
    words: tuple[str, ...]  # a question that has one of them is about this topic
    questions: tuple[str, ...]
    facts: tuple[str, ...]


ARTICLES: tuple[Article, ...] = (
    Article(
        "battery",
        "Charging and caring for the battery",
        ("battery", "charge", "charging", "range"),
        (
            "My Larch only gets 30 km out of a full battery since it got cold. Is it broken?",
            "Can I leave the battery on the charger overnight?",
            "The battery light blinks red twice and then goes off. What does that mean?",
            "How long does charging from empty to full take with the small charger?",
        ),
        (
            "A full charge takes 4 hours with the standard charger and 6 hours with the travel charger.",
            "Below 5 degrees the battery gives about a third less range; it comes back with the warmth.",
            "You can leave the battery on the charger: it stops by itself at 100 per cent.",
            "For more than two weeks of rest, store it at 40 to 60 per cent in a dry room above 10 degrees.",
            "Two red blinks mean that the pack is below 0 degrees and will not charge until it warms up.",
            "The battery is expected to keep 80 per cent of its capacity for 700 full charges.",
        ),
    ),
    Article(
        "brakes",
        "Brakes: squealing, bleeding and new pads",
        ("brake", "brakes", "squeal", "pads"),
        (
            "The front brake squeals since the rain last week. Can I ride on?",
            "How do I know that the brake pads are worn?",
            "The right brake lever goes almost to the handlebar. What should I do?",
        ),
        (
            "Squealing after rain is harmless and goes away after five firm stops from 20 km/h.",
            "Pads are worn when less than 1 mm of lining is left; look through the slot of the caliper.",
            "If the lever reaches the handlebar, stop riding: air is in the line and it must be bled.",
            "New pads need about thirty stops before they brake with full force.",
            "A set of pads lasts 2,000 to 3,000 km with the cargo box loaded.",
        ),
    ),
    Article(
        "display",
        "The display and its error codes",
        ("display", "screen", "error code", "e07", "e12"),
        (
            "The display shows E07 and the motor does not help any more.",
            "My display stays black although the battery is charged.",
            "What is error code E12 on the display?",
        ),
        (
            "E07 means that the motor got too hot; let it stand for ten minutes and it clears by itself.",
            "E12 means that the speed sensor lost the magnet on the rear wheel; turn it to within 5 mm.",
            "A black display usually has a loose plug: press the one under the handlebar until it clicks.",
            "Hold the power button for ten seconds to restart the display; your distance is kept.",
        ),
    ),
    Article(
        "app",
        "Pairing the Larch app",
        ("app", "pairing", "bluetooth", "phone"),
        (
            "The app does not find my bike any more since I have a new phone.",
            "Can my wife and I both use the app with one bike?",
            "Pairing over bluetooth stops at 80 percent every time.",
        ),
        (
            "A bike knows up to four phones; the owner adds them under Settings, Riders.",
            "With a new phone, remove the old one first: hold power and light for five seconds.",
            "If pairing stops at 80 per cent, the firmware is old: leave both together for 15 minutes.",
            "The app needs location permission, because the phone's system ties bluetooth to it.",
        ),
    ),
    Article(
        "delivery",
        "Orders, delivery and assembly",
        ("order", "delivery", "deliver", "arrive", "package"),
        (
            "Where is my order {order}? It should have arrived on Tuesday.",
            "Can I change the delivery address of order {order}?",
            "My order {order} came without the pedals.",
            "How long does delivery of a Larch Long take at the moment?",
        ),
        (
            "Bikes leave the works within three weeks; the carrier calls the day before it comes.",
            "The address of an order can be changed until it is marked as packed.",
            "The bike comes 90 per cent assembled; you fit handlebar and pedals with the tools in the box.",
            "Missing parts are sent the same day, without a return.",
        ),
    ),
    Article(
        "warranty",
        "Warranty and returns",
        ("warranty", "return", "refund", "guarantee"),
        (
            "Is a cracked cargo box covered by the warranty after 14 months?",
            "I want to return my order {order}. How does the refund work?",
            "Does the warranty pass to the next owner if I sell the bike?",
        ),
        (
            "Frame and fork have ten years of warranty, motor and battery two, wearing parts six months.",
            "You can return a bike within 30 days if it was ridden less than 50 km.",
            "The refund reaches you within ten days after the bike is back at the works.",
            "The warranty belongs to the frame number, so it passes to the next owner.",
            "Cracks in the cargo box are covered for two years unless it carried more than 100 kg.",
        ),
    ),
    Article(
        "cargo",
        "What the cargo box carries",
        ("cargo", "load", "weight", "child", "children", "seat"),
        (
            "How much weight may I put into the cargo box with a child seat in it?",
            "Can I carry three children in the Larch Long?",
        ),
        (
            "The box carries 100 kg, the rear rack 27 kg, and the whole bike with rider 220 kg.",
            "The short box seats two children up to seven years, the long one three.",
            "Child seats for babies need the adapter plate, part LA-310, and its four bolts.",
            "Load heavy things low and over the front axle; the bike then steers calmly.",
        ),
    ),
    Article(
        "theft",
        "Lock, alarm and a stolen bike",
        ("stolen", "theft", "lock", "alarm", "key"),
        (
            "My bike was stolen last night, frame number {frame}. What can you do?",
            "I lost one of the two keys. How do I order a new one?",
            "The alarm goes off every night at the same time.",
        ),
        (
            "Report the theft to the police first; we need the case number to switch the motor off.",
            "A motor that is reported as stolen does not start with any battery of ours.",
            "Keys are made from the key number on the red card; a copy takes four days.",
            "The alarm has three levels; in a garage with lorries passing by the lowest is right.",
        ),
    ),
)

OPENINGS = (
    "Thanks for writing to Larch.",
    "Good that you ask before you ride on.",
    "I have looked this up for you.",
    "That is easily sorted.",
    "I am sorry for the trouble.",
)
CLOSINGS = (
    "Write to us again if it does not help.",
    "If it comes back, send us a photo and the frame number.",
    "Your nearest workshop can also look at it, free of charge within the warranty.",
    "Have a good ride!",
)
STATES = ("packed", "in production", "with the carrier", "delivered", "waiting for a part")
PRICE_RULES = "Prices include tax. A colleague must approve any refund above 150 euros."


def about(text: str) -> Article:
    """The article that `text` asks about; the first one where no word of any is in it."""
    lower = text.lower()
    found = {article: sum(word in lower for word in article.words) for article in ARTICLES}
    return max(found, key=lambda article: found[article])


def body(article: Article) -> str:
    """The article as it stands in the index."""
    return f"# {article.title}\n\n" + "\n".join(article.facts)
