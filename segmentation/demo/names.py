"""What customers are called: given and family names by origin, in Arabic and Latin script.

Common names, listed from frequent to rare; they are put together at random, and no real person is
meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from segmentation.demo.draws import Weighted, by_rank


class Name(NamedTuple):
    """A name in both scripts; `arabic` is empty where only the Latin form is in use."""

    arabic: str
    latin: str

    def written(self, arabic: bool) -> str:
        """The name in one script."""
        return self.arabic if arabic else self.latin


def name(entry: str) -> Name:
    """A name from "arabic=latin", or from "latin" alone."""
    arabic, _, latin = entry.rpartition("=")
    return Name(arabic, latin)


def _names(text: str) -> Weighted[Name]:
    return by_rank(name(" ".join(entry.split())) for entry in text.split(","))


@dataclass(frozen=True)
class Origin:
    """Where a family comes from: what its people are called, in which script, where they live."""

    men: Weighted[Name]
    women: Weighted[Name]
    families: Weighted[Name]
    arabic_share: float
    countries: Weighted[str]
    home_plan: str  # the country whose phone number some of them keep


GULF = Origin(
    _names("""محمد=Mohammed, عبدالله=Abdullah, فهد=Fahad, خالد=Khalid, سعود=Saud, أحمد=Ahmed,
        عبدالعزيز=Abdulaziz, سلطان=Sultan, فيصل=Faisal, عبدالرحمن=Abdulrahman, تركي=Turki,
        ناصر=Nasser, بندر=Bandar, سعد=Saad, ماجد=Majed, علي=Ali, إبراهيم=Ibrahim,
        يوسف=Yousef, نواف=Nawaf, مشعل=Mishal, راكان=Rakan, صالح=Saleh, عمر=Omar, حسن=Hassan,
        سلمان=Salman, وليد=Waleed, ريان=Rayan, زياد=Ziyad, عادل=Adel, حمد=Hamad, مازن=Mazen,
        طلال=Talal, أنس=Anas, هاني=Hani, مشاري=Mishari, مساعد=Musaed"""),
    _names("""نورة=Noura, سارة=Sarah, ريم=Reem, فاطمة=Fatimah, هند=Hind, مها=Maha, العنود=Alanoud,
        لطيفة=Latifa, منيرة=Munira, شهد=Shahad, رهف=Rahaf, غادة=Ghada, أمل=Amal, عبير=Abeer,
        جواهر=Jawaher, لمى=Lama, دانة=Dana, أسماء=Asma, خلود=Khulood, وجدان=Wejdan,
        بشاير=Bashayer, روان=Rawan, ندى=Nada, حصة=Hessa, موضي=Moudi, مريم=Maryam, أروى=Arwa,
        لينا=Leena, عائشة=Aisha, بدور=Budoor, نجلاء=Najla, هيفاء=Haifa, ابتسام=Ibtisam,
        جود=Joud, ليان=Layan, هديل=Hadeel"""),
    _names("""العتيبي=Al-Otaibi, الحربي=Al-Harbi, القحطاني=Al-Qahtani, الغامدي=Al-Ghamdi,
        الشهري=Al-Shehri, الدوسري=Al-Dosari, الزهراني=Al-Zahrani, المطيري=Al-Mutairi,
        الشمري=Al-Shammari, العنزي=Al-Anazi, السبيعي=Al-Subaie, البقمي=Al-Buqami,
        الأحمدي=Al-Ahmadi, المالكي=Al-Malki, العسيري=Al-Asiri, الجهني=Al-Juhani,
        الرشيدي=Al-Rashidi, البلوي=Al-Balawi, الخالدي=Al-Khalidi, اليامي=Al-Yami,
        السلمي=Al-Sulami, الثقفي=Al-Thaqafi, القرني=Al-Qarni, التميمي=Al-Tamimi,
        الشريف=Al-Sharif, العمري=Al-Omari, الهاجري=Al-Hajri, العجمي=Al-Ajmi,
        السديري=Al-Sudairi, الفيفي=Al-Faifi, باوزير=Bawazir, بخاري=Bukhari, خوجة=Khoja"""),
    0.74, Weighted({"SA": 92, "AE": 3, "KW": 3, "BH": 2}), "SA")

EGYPTIAN = Origin(
    _names("""أحمد=Ahmed, محمد=Mohamed, محمود=Mahmoud, مصطفى=Mostafa, كريم=Karim, عمرو=Amr,
        طارق=Tarek, هشام=Hesham, شريف=Sherif, إسلام=Islam, حسام=Hossam, وائل=Wael,
        أيمن=Ayman, ياسر=Yasser, مينا=Mina, جرجس=Gerges, رامي=Ramy, تامر=Tamer"""),
    _names("""منى=Mona, ياسمين=Yasmine, آية=Aya, مي=Mai, هبة=Heba, دينا=Dina, نرمين=Nermin,
        إيمان=Eman, شيماء=Shaimaa, رانيا=Rania, سلمى=Salma, مروة=Marwa, نهى=Noha,
        داليا=Dalia, مارينا=Marina, هالة=Hala"""),
    _names("""حسن=Hassan, السيد=El-Sayed, إبراهيم=Ibrahim, عبدالفتاح=Abdelfattah, منصور=Mansour,
        الشاذلي=El-Shazly, فؤاد=Fouad, شوقي=Shawky, النجار=El-Naggar, صبري=Sabry,
        سليمان=Soliman, فهمي=Fahmy, غالي=Ghali, حجازي=Hegazy, رمضان=Ramadan, بدوي=Badawy,
        زكي=Zaki, عطية=Attia, الجندي=El-Gendy"""),
    0.72, Weighted({"SA": 64, "EG": 20, "AE": 9, "KW": 5, "QA": 2}), "EG")

LEVANTINE = Origin(
    _names("""عمر=Omar, رامي=Rami, سامر=Samer, باسل=Basel, نزار=Nizar, غسان=Ghassan, جورج=George,
        إياد=Iyad, مهند=Muhannad, وسام=Wissam, فادي=Fadi, زيد=Zaid, ليث=Laith, أنور=Anwar,
        معتز=Moataz, إلياس=Elias"""),
    _names("""لارا=Lara, ديمة=Dima, رشا=Rasha, هلا=Hala, ربى=Ruba, ميساء=Maysa, رنا=Rana,
        سوسن=Sawsan, كارمن=Carmen, جمانة=Jumana, لانا=Lana, تالا=Tala, نادين=Nadine,
        سيرين=Cyrine, غيداء=Ghaida"""),
    _names("""حداد=Haddad, الخطيب=Al-Khatib, الخوري=Khoury, النابلسي=Nabulsi, المصري=Al-Masri,
        قباني=Qabbani, شاهين=Shaheen, عودة=Odeh, الحسيني=Husseini, زيدان=Zeidan,
        درويش=Darwish, عيسى=Issa, سمارة=Samara, العلي=Al-Ali, بركات=Barakat, نصار=Nassar,
        الحلبي=Halabi, شحادة=Shehadeh"""),
    0.68, Weighted({"SA": 62, "JO": 16, "AE": 11, "KW": 6, "QA": 5}), "JO")

SOUTH_ASIAN = Origin(
    _names("""Imran, Arjun, Rahul, Bilal, Rajesh, Usman, Faizan, Vikram, Sandeep, Asif, Suresh,
        Hamza, Naveed, Anil, Tariq, Kamran, Rohan, Shahid, Mohan, Irfan"""),
    _names("""Priya, Ayesha, Anjali, Sana, Fatima, Kavita, Zainab, Neha, Shreya, Hina, Lakshmi,
        Mehwish, Pooja, Rabia, Divya, Nadia, Sunita, Amna"""),
    _names("""Khan, Sharma, Ahmed, Patel, Hussain, Nair, Malik, Kumar, Qureshi, Reddy, Sheikh,
        Iyer, Siddiqui, Menon, Chaudhry, Rahman, Thomas, Das, Mirza, Pillai"""),
    0.0, Weighted({"SA": 72, "AE": 17, "QA": 5, "BH": 4, "KW": 2}), "IN")

WESTERN = Origin(
    _names("""James, Michael, Thomas, David, Daniel, Mark, José, Lukas, François, Peter, Andrew,
        Matteo, Björn, Kevin, Patrick"""),
    _names("""Emma, Laura, Anna, Sophie, Maria, Julia, Zoë, Claire, Hannah, Isabel, Renée, Olivia,
        Kate, Martina, Grace"""),
    _names("""Smith, Müller, García, Brown, O'Brien, Rossi, Martin, Jensen, De Vries, Taylor,
        Novák, Dubois, Wilson, Fernández, Andersson, Clarke, Weber, Silva"""),
    0.0, Weighted({"SA": 66, "AE": 22, "QA": 7, "BH": 5}), "GB")

ORIGINS = Weighted({GULF: 62, EGYPTIAN: 12, LEVANTINE: 10, SOUTH_ASIAN: 10, WESTERN: 6})
