"""What development data are made of: words, and nothing that belongs to anybody."""

from typing import Final

FIRST_NAMES: Final = (
    "Amina Bruno Carla Diego Elif Farid Greta Hugo Ines Jonas Karim Lea Malik Nora Omar Paula Quentin Rosa Samir Tessa"
    " Ugo Vera Walid Xenia Yanis Zoe Anton Bella Cyril Dalia Emil Fatma Georg Hana Ivan Julia Kenza Luca Mira Nils"
).split()
LAST_NAMES: Final = (
    "Amrani Bauer Costa Durand Evans Ferrari Garcia Haddad Ivanov Jensen Keller Lambert Meyer Novak Okafor Petit Quinn"
    " Rossi Saidi Tremblay Urban Vidal Weber Xavier Yilmaz Ziegler Arnold Benali Clarke Dubois Engel Fischer Gruber"
).split()
COMPANY_BEGINNINGS: Final = (
    "Amber Alpine Anchor Aurora Beacon Birch Blue Bright Cedar Citrus Clear Cobalt Copper Coral Crystal Delta Ember"
    " Falcon Fern Garnet Golden Granite Harbour Heron Indigo Iron Ivory Jade Juniper Lagoon Larch Lunar Maple Meadow"
    " Mistral Nimbus North Oak Olive Onyx Opal Orchid Pearl Pine Quartz River Saffron Silver Summit Willow"
).split()
COMPANY_ENDINGS: Final = (
    "Analytics Apparel Bakery Books Ceramics Coffee Consulting Crafts Dental Design Electronics Energy Farms Fitness"
    " Foods Furniture Gardens Health Jewellery Labs Learning Legal Logistics Media Motors Music Optics Outdoor Paper"
    " Pharma Properties Robotics Security Software Studio Textiles Tools Toys Travel Ventures"
).split()
CITIES: Final = (
    ("Algiers", "Algiers", "DZ", "16000"),
    ("Oran", "Oran", "DZ", "31000"),
    ("Geneva", "Geneva", "CH", "1201"),
    ("Zurich", "Zurich", "CH", "8001"),
    ("Lyon", "Rhone", "FR", "69001"),
    ("Paris", "Ile-de-France", "FR", "75002"),
    ("Brussels", "Brussels", "BE", "1000"),
    ("Montreal", "Quebec", "CA", "H2Y 1C6"),
)
STREETS: Final = "Station Street|Mill Lane|Harbour Road|Market Square|Garden Avenue|Church Street|Lake Road".split("|")
DEPARTMENTS: Final = ("Sales", "Support", "Production", "Marketing", "Logistics", "Finance")
JOBS: Final = ("Manager", "Account executive", "Engineer", "Analyst", "Coordinator", "Designer")
GOODS: Final = "Ring Bracelet Necklace Pendant Earrings Brooch Anklet Charm Watch Cufflinks".split()
QUALITIES: Final = "Classic Modern Vintage Delicate Bold Polished Brushed Woven Slim Royal".split()
MATERIALS: Final = "Gold Silver Platinum Copper Brass Jade Amber Onyx Pearl Quartz Garnet Opal".split()
TOPICS: Final = (
    "Spring launch|Quarterly review|Customer onboarding|Website refresh|Holiday offer|Supplier visit|Price update"
    "|Returns process|Newsletter|Stock count|Delivery delays|Loyalty programme|Data migration|Support handbook"
).split("|")
SENTENCES: Final = (
    "The order arrived on time and in good condition.|Please call back on Tuesday morning."
    "|The customer asked for a different size.|Everything is ready for the next step."
    "|We agreed on the price and the delivery date.|The supplier confirmed the shipment."
    "|Two items are still missing.|Nothing to add for now.|The results are better than last month."
    "|A short summary follows after the meeting.|Thank you for the quick answer."
).split("|")
WORDS: Final = "standard urgent seasonal wholesale retail online local export gift premium trial internal".split()
AGENTS: Final = ("Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (Macintosh)", "Mozilla/5.0 (iPhone)")
FILE_NAMES: Final = ("report.pdf", "invoice.pdf", "photo.png", "plan.docx", "figures.xlsx", "notes.txt")
