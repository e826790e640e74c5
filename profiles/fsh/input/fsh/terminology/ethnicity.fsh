// The ethnic groups of China, GB/T 3304.

CodeSystem: GbEthnicity
Id: gb-t-3304
Title: "Ethnic groups (GB/T 3304)"
Description: "The ethnic groups of China with the two-digit codes of GB/T 3304."
* insert CodeSystemMeta
* ^url = "urn:oid:2.16.156.10011.2.3.3.3"
* insert Zh(民族（GB/T 3304）, 中国各民族及其 GB/T 3304 两位数字代码。)
* insert Code(01, Han, 汉族)
* insert Code(02, Mongol, 蒙古族)
* insert Code(03, Hui, 回族)
* insert Code(04, Tibetan, 藏族)
* insert Code(05, Uygur, 维吾尔族)
* insert Code(06, Miao, 苗族)
* insert Code(07, Yi, 彝族)
* insert Code(08, Zhuang, 壮族)
* insert Code(09, Bouyei, 布依族)
* insert Code(10, Korean, 朝鲜族)
* insert Code(11, Manchu, 满族)
* insert Code(12, Dong, 侗族)
* insert Code(13, Yao, 瑶族)
* insert Code(14, Bai, 白族)
* insert Code(15, Tujia, 土家族)
* insert Code(16, Hani, 哈尼族)
* insert Code(17, Kazak, 哈萨克族)
* insert Code(18, Dai, 傣族)
* insert Code(19, Li, 黎族)
* insert Code(20, Lisu, 傈僳族)
* insert Code(21, Va, 佤族)
* insert Code(22, She, 畲族)
* insert Code(23, Gaoshan, 高山族)
* insert Code(24, Lahu, 拉祜族)
* insert Code(25, Sui, 水族)
* insert Code(26, Dongxiang, 东乡族)
* insert Code(27, Naxi, 纳西族)
* insert Code(28, Jingpo, 景颇族)
* insert Code(29, Kirgiz, 柯尔克孜族)
* insert Code(30, Tu, 土族)
* insert Code(31, Daur, 达斡尔族)
* insert Code(32, Mulao, 仫佬族)
* insert Code(33, Qiang, 羌族)
* insert Code(34, Blang, 布朗族)
* insert Code(35, Salar, 撒拉族)
* insert Code(36, Maonan, 毛南族)
* insert Code(37, Gelao, 仡佬族)
* insert Code(38, Xibe, 锡伯族)
* insert Code(39, Achang, 阿昌族)
* insert Code(40, Pumi, 普米族)
* insert Code(41, Tajik, 塔吉克族)
* insert Code(42, Nu, 怒族)
* insert Code(43, Uzbek, 乌孜别克族)
* insert Code(44, Russian, 俄罗斯族)
* insert Code(45, Ewenki, 鄂温克族)
* insert Code(46, Deang, 德昂族)
* insert Code(47, Bonan, 保安族)
* insert Code(48, Yugur, 裕固族)
* insert Code(49, Gin, 京族)
* insert Code(50, Tatar, 塔塔尔族)
* insert Code(51, Derung, 独龙族)
* insert Code(52, Oroqen, 鄂伦春族)
* insert Code(53, Hezhen, 赫哲族)
* insert Code(54, Monba, 门巴族)
* insert Code(55, Lhoba, 珞巴族)
* insert Code(56, Jino, 基诺族)

ValueSet: GbEthnicityVS
Id: gb-t-3304
Title: "Ethnic groups"
Description: "Every ethnic group of GB/T 3304."
* insert Fixed
* insert Zh(民族值集, GB/T 3304 的全部民族。)
* include codes from system GbEthnicity
