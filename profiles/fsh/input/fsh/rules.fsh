// The language pattern of this guide, everywhere the same: title, description and display are English; the Chinese
// text is the translation extension (titles, descriptions, texts of invariants) or the zh-CN designation (codes).

RuleSet: Zh(title, description)
* ^title.extension[+].url = $translation
* ^title.extension[=].extension[+].url = "lang"
* ^title.extension[=].extension[=].valueCode = #zh-CN
* ^title.extension[=].extension[+].url = "content"
* ^title.extension[=].extension[=].valueString = "{title}"
* ^description.extension[+].url = $translation
* ^description.extension[=].extension[+].url = "lang"
* ^description.extension[=].extension[=].valueCode = #zh-CN
* ^description.extension[=].extension[+].url = "content"
* ^description.extension[=].extension[=].valueString = "{description}"

// The same for definitions that are written as instances, with and without a title.
RuleSet: ZhTitle(text)
* title.extension[+].url = $translation
* title.extension[=].extension[+].url = "lang"
* title.extension[=].extension[=].valueCode = #zh-CN
* title.extension[=].extension[+].url = "content"
* title.extension[=].extension[=].valueString = "{text}"

RuleSet: ZhDescription(text)
* description.extension[+].url = $translation
* description.extension[=].extension[+].url = "lang"
* description.extension[=].extension[=].valueCode = #zh-CN
* description.extension[=].extension[+].url = "content"
* description.extension[=].extension[=].valueString = "{text}"

RuleSet: ZhHuman(text)
* human.extension[+].url = $translation
* human.extension[=].extension[+].url = "lang"
* human.extension[=].extension[=].valueCode = #zh-CN
* human.extension[=].extension[+].url = "content"
* human.extension[=].extension[=].valueString = "{text}"

// A concept with its English display and Chinese designation.
RuleSet: Code(code, en, zh)
* #{code} "{en}"
* #{code} ^designation[+].language = #zh-CN
* #{code} ^designation[=].value = "{zh}"

RuleSet: CodeSystemMeta
* ^experimental = false
* ^caseSensitive = true
* ^language = #en

// A list that somebody else keeps: only the part that is known here.
RuleSet: FragmentOf(oid)
* ^url = "urn:oid:{oid}"
* ^content = #fragment

RuleSet: Fixed
* ^experimental = false

RuleSet: ByUrl(element)
* {element} ^slicing.discriminator[0].type = #value
* {element} ^slicing.discriminator[0].path = "system"
* {element} ^slicing.rules = #open

RuleSet: ByPattern(element)
* {element} ^slicing.discriminator[0].type = #pattern
* {element} ^slicing.discriminator[0].path = "$this"
* {element} ^slicing.rules = #open

// One row of a concept map.
RuleSet: Row(code, target, equivalence)
* group[=].element[+].code = #{code}
* group[=].element[=].target[+].code = #{target}
* group[=].element[=].target[=].equivalence = #{equivalence}

RuleSet: NoTarget(code)
* group[=].element[+].code = #{code}
* group[=].element[=].target[+].equivalence = #unmatched

RuleSet: Group(source, target)
* group[+].source = "{source}"
* group[=].target = "{target}"
