"""What the demo store sells: categories and their products, with invented brands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from segmentation.demo.draws import Weighted, by_rank


@dataclass(frozen=True, eq=False, slots=True)
class Product:
    """One article; `price` is in halalas (1/100 riyal)."""

    sku: str
    name: str
    category: str
    brand: str
    price: int


@dataclass(frozen=True, eq=False)
class Category:
    """A shelf: its products from best to worst selling, and how much it draws women and men."""

    name: str
    products: Weighted[Product]
    for_women: int
    for_men: int


def _category(name: str, code: str, for_women: int, for_men: int, text: str) -> Category:
    products = []
    for number, line in enumerate(text.strip().splitlines(), 1):
        title, brand, price = (part.strip() for part in line.split("|"))
        halalas = int(Decimal(price) * 100)
        products.append(Product(f"{code}-{number:03d}", title, name, brand, halalas))
    return Category(name, by_rank(products), for_women, for_men)


CATEGORIES = (
    _category("Perfumes", "PRF", 14, 13, """
        Musk Oud Eau de Parfum 100 ml | Dar Nasma | 349
        عطر ورد طائفي 50 مل | Wardat Al Hada | 289
        Amber Nights Eau de Parfum 75 ml | Dar Nasma | 265
        عطر مسك أبيض 100 مل | Wardat Al Hada | 145
        Citrus Breeze Body Mist 200 ml | Petalia | 69
        عطر ليالي نجد 100 مل | Rimal | 420
        Vanilla Saffron Hair Mist 50 ml | Petalia | 99
        مجموعة عينات عطور (6 قطع) | Rimal | 120"""),
    _category("Oud & Incense", "OUD", 7, 11, """
        بخور معمول فاخر 40 جم | Bayt Al Bakhoor | 85
        Electric Incense Burner | Jamra | 159
        مبخرة خشبية منقوشة | Jamra | 130
        Oud Home Fragrance Spray 500 ml | Rimal | 59
        فحم بخور سريع الاشتعال | Jamra | 22.50
        Incense Gift Box | Bayt Al Bakhoor | 375
        دهن عود كمبودي 12 مل | Bayt Al Bakhoor | 690
        عود هندي طبيعي 1 أوقية | Bayt Al Bakhoor | 950"""),
    _category("Abayas", "ABY", 16, 2, """
        عباية سوداء كريب | Qamra | 259
        Open Linen Abaya, Sand | Qamra | 329
        عباية مطرزة للمناسبات | Lulwat Najd | 590
        طرحة شيفون | Lulwat Najd | 55
        Everyday Jersey Abaya, Navy | Qamra | 199
        عباية فراشة | Lulwat Najd | 310
        Modal Scarf, Set of 3 | Qamra | 119
        نقاب سعودي طبقتين | Lulwat Najd | 39"""),
    _category("Thobes & Shemaghs", "THB", 2, 15, """
        ثوب أبيض ياباني | Al Khayyat | 245
        شماغ أحمر فاخر | Al Khayyat | 179
        Winter Thobe, Charcoal | Al Khayyat | 320
        غترة بيضاء قطن | Sadu | 110
        عقال مرعز | Sadu | 95
        Cufflinks and Pen Set | Sadu | 210
        طاقية مخرمة (3 قطع) | Al Khayyat | 45
        بشت حساوي | Sadu | 1250"""),
    _category("Coffee & Dates", "COF", 10, 12, """
        قهوة سعودية بالهيل 500 جم | Dallah House | 62
        تمر سكري فاخر 1 كجم | Tamra | 48
        Ethiopian Single Origin Beans 250 g | Qishr Roastery | 58
        تمر عجوة المدينة 1 كجم | Tamra | 95
        Arabic Coffee Set, 12 Cups | Dallah House | 185
        معمول بالتمر 24 حبة | Tamra | 39.50
        Cold Brew Bags, Pack of 10 | Qishr Roastery | 44
        دلة نحاس صغيرة | Dallah House | 240"""),
    _category("Shoes", "SHO", 10, 10, """
        Court Sneakers, White | Zephyr | 279
        نعال نجدي جلد طبيعي | Sadu | 165
        Trail Running Shoes | Zephyr | 389
        حذاء كعب متوسط | Qamra | 235
        Leather Loafers, Tan | Zephyr | 345
        صندل صيفي نسائي | Qamra | 129
        Kids Velcro Trainers | Zephyr | 115
        شبشب طبي مريح | Zephyr | 79"""),
    _category("Electronics", "ELC", 7, 13, """
        Wireless Earbuds | Volta | 199
        شاحن سريع 65 واط | Volta | 89
        Power Bank 20000 mAh | Volta | 129
        Smart Watch | Orbit | 549
        سماعة بلوتوث محمولة | Orbit | 239
        Braided USB-C Cable, 2 m | Volta | 35
        Robot Vacuum Cleaner | Orbit | 1190
        حامل جوال للسيارة | Volta | 49"""),
    _category("Beauty", "BTY", 17, 3, """
        Vitamin C Serum 30 ml | Petalia | 119
        زيت أرغان مغربي 100 مل | Petalia | 75
        Matte Lipstick, Rosewood | Lulu Cosmetics Lab | 65
        كحل عربي أصلي | Lulu Cosmetics Lab | 29
        Sunscreen SPF 50, 50 ml | Petalia | 89
        ماسك طين مغربي | Petalia | 55
        Palette of 12 Shades | Lulu Cosmetics Lab | 145
        حناء طبيعية 200 جم | Lulu Cosmetics Lab | 24.50"""),
    _category("Home & Kitchen", "HOM", 12, 8, """
        ترمس قهوة وشاي (طقم) | Bayt Dafi | 175
        Non-stick Pan Set, 5 Pieces | Bayt Dafi | 299
        سجادة صلاة مبطنة | Sadu | 85
        Egyptian Cotton Bed Sheet, King | Bayt Dafi | 260
        صينية ضيافة ذهبية | Bayt Dafi | 119
        LED Ramadan Lantern | Jamra | 69
        قدر ضغط 8 لتر | Bayt Dafi | 215
        Linen Cushion Covers, Set of 4 | Sadu | 140"""),
    _category("Kids & Toys", "KID", 10, 7, """
        Wooden Building Blocks, 100 Pieces | Little Falcon | 95
        بازل الحروف العربية | Little Falcon | 49
        فستان عيد للبنات | Lulwat Najd | 169
        ثوب أطفال | Al Khayyat | 120
        Remote-controlled Dune Buggy | Little Falcon | 189
        دمية قماشية | Little Falcon | 59
        School Backpack, Blue | Zephyr | 135
        عيدية: علبة هدايا 10 قطع | Jamra | 75"""),
)
