"""Invented people: every identity number has area 999999, which no place in China has, and a right check digit."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
_GIVEN_M = (
    "建国",
    "志强",
    "海涛",
    "明",
    "文斌",
    "振华",
    "小军",
    "德胜",
    "永康",
    "立新",
    "晓东",
    "家豪",
    "子轩",
    "国平",
    "勇",
)
_GIVEN_F = (
    "秀英",
    "桂兰",
    "丽华",
    "敏",
    "晓燕",
    "玉梅",
    "春花",
    "雅琴",
    "婷婷",
    "雨欣",
    "梦洁",
    "淑芬",
    "慧",
    "小红",
    "静怡",
)
_DOTTED = {
    ("05", "F"): "阿依古丽·吐尔逊",
    ("05", "M"): "买买提·艾力",
    ("04", "F"): "卓玛·央金",
    ("04", "M"): "扎西·多吉",
}
"""Names with a dot, by ethnicity and sex."""
_VILLAGES = ("柳湾村", "石桥村", "上坪村", "下坪村", "东沟村", "枣园村")
_ETHNICITIES = (("01", "汉族"),) * 12 + (("05", "维吾尔族"), ("04", "藏族"), ("03", "回族"))
_PLANS = (
    ("310", "职工基本医疗保险"),
    ("390", "城乡居民基本医疗保险"),
    ("390", "城乡居民基本医疗保险"),
    ("000", "自费"),
)


def check_digit(first17: str) -> str:
    """The 18th character of a resident identity number (GB 11643-1999)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


@dataclass(frozen=True, slots=True)
class Person:
    """`sex` is M or F, `marital` a GB/T 2261.2 code, `ethnicity` and `plan` are code and text."""

    number: int
    name: str
    sex: str
    born: date
    resident_id: str
    phone: str
    address: str
    ethnicity: tuple[str, str]
    marital: str
    plan: tuple[str, str]
    kin: str


def person(rng: random.Random, number: int) -> Person:
    """The person of that number; the identity number is unique up to 500 people and collides by chance only beyond."""
    sex = rng.choice("MF")
    born = date(1938, 1, 1) + timedelta(days=rng.randrange(25_000))
    serial = (number * 2) % 1000 + (1 if sex == "M" else 0)
    first17 = f"999999{born:%Y%m%d}{serial:03d}"
    surname = rng.choice(_SURNAMES)
    ethnicity = rng.choice(_ETHNICITIES)
    given = rng.choice(_GIVEN_M if sex == "M" else _GIVEN_F)
    return Person(
        number=number,
        name=_DOTTED.get((ethnicity[0], sex), surname + given),
        sex=sex,
        born=born,
        resident_id=first17 + check_digit(first17),
        phone=f"1380000{number % 10_000:04d}",
        address=f"青禾县云溪镇{rng.choice(_VILLAGES)}{rng.randrange(1, 12)}组{rng.randrange(1, 90)}号",
        ethnicity=ethnicity,
        marital=rng.choice(("10", "20", "20", "20", "30")) if born.year < 2004 else "10",
        plan=rng.choice(_PLANS),
        kin=surname + rng.choice(_GIVEN_F if sex == "M" else _GIVEN_M),
    )
