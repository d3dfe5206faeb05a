"""The same in the languages of the servers that speak no English, in lower case."""

CLOSED = (
    r"compte .{0,20}(?:bloqu|suspendu|d[ée]sactiv)",
    r"destinataire archiv",
    r"(?:postfach|konto|empfänger).{0,20}(?:gesperrt|deaktiviert)",
    r"(?:cuenta|buz[oó]n|usuario).{0,12}(?:suspendid|deshabilitad|desactivad|inactiv|bloquead)",
    r"(?:\bconta\b|caixa|usu[aá]rio).{0,12}(?:suspens|desativad|inativ|bloquead|desabilitad)",
    r"(?:casella|account|utente).{0,12}(?:sospes|disabilitat|disattivat)",
    r"(?:учетная запись|аккаунт|ящик|пользователь).{0,20}(?:заблокирован|отключ|неактив)",
    r"(?:帐号|账户|用户|帳號|邮箱).{0,6}(?:停用|禁用|冻结|锁定|凍結)",
)
FULL = (
    r"bo[iî]te .{0,30}pleine",
    r"(?:postfach|mailbox|posteingang|speicher).{0,25}(?:\bvoll\b|überschritten|erschöpft)",
    r"(?:buz[oó]n|casilla|cuenta).{0,30}(?:llen[oa]|excedi)",
    r"(?:caixa postal|caixa de (?:correio|entrada|e?-?mail)|\bconta\b).{0,25}(?:cheia|lotada|exced)",
    r"casella .{0,30}piena",
    r"ящик.{0,30}переполнен|превы(?:шен|сил).{0,30}(?:квот|лимит|объем)",
    r"(?:メールボックス|受信箱|受信ボックス).{0,14}(?:一杯|いっぱい|満杯|超え|超過|容量)",
    r"(?:邮箱|信箱|郵箱|邮件箱|收件箱|空间|容量).{0,6}(?:已满|满|滿|不足)",
    r"(?:편지함|메일함|메일박스).{0,10}(?:가득|초과|꽉)",
    r"posta kutusu.{0,12}dolu",
    r"skrzynk\w+ .{0,30}(?:pełna|przepełnion)",
    r"hộp thư.{0,12}đầy",
)
UNKNOWN = (
    r"(?:destinataire|utilisateur|adresse|compte|boîte).{0,25}(?:inconnu|invalide|inexistant|introuvable|n'existe)",
    r"(?:empfänger|empfaenger|benutzer|postfach|adresse|adressat).{0,25}(?:unbekannt|nicht gefunden|existiert nicht|nicht vorhanden)",
    r"(?:usuario|destinatario|cuenta|buz[oó]n|direcci[oó]n).{0,25}(?:desconocid|no existe|inexistente|no (?:fue |se ha )?encontrad|inv[aá]lid)",
    r"(?:usu[aá]rio|destinat[aá]rio|\bconta\b|endere[cç]o|caixa postal).{0,25}(?:desconhecid|n[aã]o existe|inexistente|n[aã]o (?:foi )?encontrad|inv[aá]lid)",
    r"(?:utente|destinatario|casella|indirizzo).{0,20}(?:sconosciut|inesistente|non (?:esiste|trovat|valid))",
    r"(?:пользовател|ящик|адрес|получател|аккаунт).{0,25}(?:не найден|не существует|неизвест|не зарегистр)",
    r"нет такого (?:пользователя|ящика|адреса)|такого (?:пользователя|адреса) нет",
    r"(?:ユーザー?|宛先|アドレス|受信者|宛て先).{0,14}(?:存在しま|存在しな|見つか|不明|無効|ありません)",
    r"ディレクトリ.{0,4}には?.{0,6}(?:見つか|ありません)",
    r"(?:用户|收件人|帐号|账户|邮箱|使用者|收件者|用戶|地址).{0,8}(?:不存在|未找到|找不到|无效|無效)",
    r"(?:수신자|사용자|계정|주소).{0,15}(?:없습|없음|존재하지)",
    r"(?:gebruiker|ontvanger|adres|geadresseerde).{0,20}(?:onbekend|bestaat niet|niet gevonden)",
    r"(?:mottagar|användar|modtager|bruker|vastaanottaja)\w*.{0,20}(?:okänd|finns inte|ukendt|ukjent|findes ikke|tuntematon)",
    r"(?:użytkownik|odbiorc|adresat|konto|skrzynk).{0,20}(?:nieznan|nie istnieje|nie znaleziono)",
    r"(?:kullanıcı|alıcı|adres).{0,20}(?:bulunamadı|geçersiz|bilinmiyor)",
)
NO_HOST = (
    r"domaine .{0,30}(?:inconnu|inexistant|introuvable|n'existe)",
    r"(?:domäne|domain) .{0,40}(?:existiert nicht|nicht gefunden|unbekannt)",
    r"dominio .{0,30}(?:no existe|inexistente|desconocid|non esiste|no encontrad)",
    r"dom[ií]nio .{0,30}(?:n[aã]o existe|inexistente|desconhecid)",
    r"домен.{0,30}(?:не найден|не существует)",
    r"ドメイン.{0,14}(?:存在しま|存在しな|見つか)",
    r"(?:域名|网域|網域).{0,8}(?:不存在|未找到)",
)
MOVED = (
    r"n'est plus (?:valide|utilis|en service)|a chang[ée] d'adresse",
    r"nicht mehr (?:gültig|aktuell|aktiv|erreichbar|in verwendung|für uns tätig)",
    r"(?:メールアドレス|アドレス)(?:を|が)変更",
)
CONTENT = (
    r"(?:сообщение|письмо).{0,30}(?:спам|похоже на спам)",
    r"垃圾邮件|垃圾郵件|スパム|迷惑メール",
    r"mail rejete\b",
)
