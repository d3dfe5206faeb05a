"""Words that say nothing, in the six languages that we know well: of links, and of pictures."""


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word.strip().casefold() for line in lines for word in line.split("|"))


SAY_NOTHING = _words(
    "click here|click|here|read more|more|learn more|find out more|see more|this link|link|this|this page|website",
    "haga clic aquí|haz clic aquí|clic aquí|aquí|leer más|lea más|más|más información|ver más|enlace|este enlace",
    "cliquez ici|cliquer ici|ici|lire la suite|lire plus|en savoir plus|plus|voir plus|lien|ce lien",
    "اضغط هنا|انقر هنا|هنا|اقرأ المزيد|المزيد|اعرف المزيد|الرابط|هذا الرابط",
    "点击这里|点击此处|点这里|点击|这里|此处|阅读更多|更多|了解更多|查看更多|链接",
    "bấm vào đây|nhấp vào đây|nhấn vào đây|bấm đây|tại đây|ở đây|đây|đọc thêm|xem thêm|tìm hiểu thêm|liên kết",
)
"""What a link may not say: read aloud in a list of links, each of these could lead anywhere."""

NO_DESCRIPTION = _words(
    "image|picture|photo|pic|img|graphic|photograph|screenshot|banner|logo|icon|untitled",
    "imagen|foto|fotografía|gráfico|captura",
    "illustration|photographie|capture|visuel",
    "صورة|الصورة|صوره",
    "图片|照片|图像|图",
    "hình|ảnh|hình ảnh|bức ảnh|tấm ảnh",
)
"""What a picture may not say of itself."""
