"""Names of people who do not exist, as in a storybook, so that nobody takes them for real."""

FIRST_NAMES = (
    "Ada", "Alba", "Arlo", "Barnaby", "Beatrix", "Birdie", "Blossom", "Cassius", "Clementine", "Clover", "Cosmo",
    "Dahlia", "Digby", "Dora", "Edgar", "Elodie", "Ember", "Fern", "Figaro", "Flora", "Ginger", "Gulliver", "Hazel",
    "Hector", "Indigo", "Iris", "Jasper", "Juniper", "Kit", "Lark", "Linus", "Lotte", "Lupin", "Mabel", "Magnus",
    "Marigold", "Minna", "Moss", "Nell", "Nico", "Olive", "Orla", "Otto", "Pearl", "Percy", "Pip", "Poppy", "Quentin",
    "Ravi", "Rosalind", "Rufus", "Saffron", "Selma", "Søren", "Tansy", "Theo", "Tilly", "Ursula", "Violet", "Wilbur",
    "Wren", "Yara", "Zelda", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Acornly", "Applewick", "Bellweather", "Berrymoor", "Birchwhistle", "Bramblewood", "Brookfeather", "Buttercroft",
    "Candlewick", "Cloudsley", "Copperpot", "Cottonbell", "Daisyfield", "Dewberry", "Driftwood", "Dustbutton",
    "Emberlane", "Fairwinkle", "Featherby", "Fernsworth", "Figglestone", "Foxglove", "Frostwick", "Gingerbeck",
    "Goosefoot", "Greenbottle", "Hazelnook", "Honeydew", "Inkwell", "Ivorytree", "Kettleburn", "Ladybrook",
    "Lanternby", "Larkspur", "Lilybank", "Marshmallow", "Merryweather", "Mistletoe", "Moonbeam", "Mosswater",
    "Mulberrie", "Nettlefold", "Nightingale-Oak", "Oakapple", "O'Thistle", "Paperwing", "Pebbleworth", "Pennywhistle",
    "Pickleford", "Plumtree", "Puddlemere", "Quillfeather", "Raincloud", "Rosehip", "Saltwhistle", "Silverspoon",
    "Snowberry", "Starling-Moss", "Sugarplum", "Sunderleaf", "Teacup", "Thimbleby", "Thistledown", "Tumbleweed",
    "Umbrellan", "Velvetine", "Wanderley", "Waterlily", "Whistlewood", "Wigglesworth", "Willowisp", "Windymoor",
    "Woolgather", "Yarrowby", "Zinnia-Fields",
)  # fmt: skip


def email(first_name: str, last_name: str, number: int) -> str:
    """Return an address in a domain that is reserved for examples."""
    plain = "".join(character for character in f"{first_name}.{last_name}".lower() if character.isascii())
    return f"{plain.replace(chr(39), '')}.{number}@{'example.com' if number % 3 else 'example.org'}"
