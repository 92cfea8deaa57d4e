"""How chat models speak around a translation, or refuse one, in each language whose ways are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NEAR = r"[^.!?\n]{0,40}?"
"""A few words of the same sentence."""


@dataclass(frozen=True)
class Tongue:
    """How models speak around their task in one language, in regular expressions.

    Attributes:
        sorry: how a refusal begins, if it does so.
        cannot: that they cannot or will not.
        translate: a word for translating.
        artificial: what they say that they are.
        help: the task, where it is not called a translation.
        sure: a cheerful beginning.
        here: what leads to the translation, before a word for it.
        translation: what stands before a colon.
        notes: how a paragraph begins that speaks of the translation.
    """

    sorry: str
    cannot: str
    translate: str
    artificial: str
    help: str
    sure: str
    here: str
    translation: str
    notes: str


TONGUES: Mapping[str, Tongue] = {
    "en": Tongue(
        sorry=r"(?:i(?:'m| am) (?:\w{1,12} ){0,2}(?:sorry|afraid)|i apologi[sz]e|(?:my )?apologies|sorry"
        r"|unfortunately)",
        cannot=r"i ?(?:can(?:'?t|not| not)|(?:am|'m) (?:unable|not able|not going) to|won't|will not|(?:am|'m) not "
        r"comfortable|must decline to|do not feel comfortable|don't feel comfortable)",
        translate=r"translat\w*",
        artificial=r"(?:as an (?:ai|artificial intelligence)(?:,| (?:language )?(?:model|assistant|chatbot)\b)"
        rf"{NEAR}\bi\b|i(?:'m| am) (?:just |only )?an? (?:ai (?:language )?(?:model|assistant)|(?:large )?language "
        r"model)\b)",
        help=r"(?:(?:assist|help)(?: you)? with (?:that|this|your request|the request)\b|(?:fulfil\w{0,4}"
        r"|complete|comply "
        r"with|process) (?:this|that|your|the) request\b|(?:this|that|such|harmful|explicit|hateful|offensive|"
        r"inappropriate) (?:\w{1,20} )?content\b|content that (?:promotes|contains|is|depicts|encourages)\b)",
        sure=r"(?:sure|certainly|of course|absolutely|okay|ok|alright)(?: thing)?",
        here=r"(?:here(?:'s| is| are| you go)|below is|the following is)",
        translation=r"(?:the |my )?(?:\w{3,20} )?translat(?:ion|ed (?:text|version|sentence))(?: is| would be"
        r"| reads)?",
        notes=r"(?:translat\w{1,5}(?:'s)? notes?|notes?(?: on [^:\n]{1,40})?:|please note that|let me know\b"
        r"|i hope (?:this|"
        r"that|it) helps|please let me know|feel free to|is there anything else|explanation:|(?:this|my|the "
        r"(?:above )?) ?translation\b|in this translation|if you (?:need|have|want|would like|'d like)\b[^\n]{0,80}?"
        r"(?:translat|question|help|assist|let me know))",
    ),
    "pt": Tongue(
        sorry=r"(?:(?:me )?desculpe|lamento|sinto muito|peço desculpas?|infelizmente)",
        cannot=r"(?:eu )?não (?:posso|consigo|sou capaz de|estou autorizad[oa] a|vou)",
        translate=r"tradu[zç]\w*",
        artificial=r"(?:como|sou) (?:uma? )?(?:ia|inteligência artificial|modelo de linguagem"
        r"|assistente (?:de ia|virtual))\b"
        rf"{NEAR}\bnão\b",
        help=r"(?:ajudar(?:-\w{1,3})? com (?:isso|isto|esse|este|essa|esta)\b|(?:atender|cumprir"
        r"|processar) (?:a |ao )?(?:esse"
        r"|este|essa|esta|seu|sua) (?:pedido|solicitação))",
        sure=r"(?:claro|com certeza|certamente)",
        here=r"(?:aqui (?:está|vai|tem)|segue(?: abaixo)?|eis)",
        translation=r"(?:a )?tradução(?: para o \w{3,20}| em \w{3,20})?",
        notes=r"(?:nota(?:s)?(?: d[eoa] tradu\w{1,8})?:|observaç(?:ão|ões):|espero que (?:isso|isto) ajude"
        r"|se precisar\b|"
        r"esta tradução\b)",
    ),
    "ro": Tongue(
        sorry=r"(?:îmi pare rău|ne pare rău|îmi cer scuze|scuze|din păcate|regret)",
        cannot=r"(?:eu )?nu (?:pot|vă pot|te pot|sunt capabil[ă]? să|am voie să)",
        translate=r"tradu[cs]\w*",
        artificial=r"(?:ca|sunt) (?:un |o )?(?:model (?:de )?(?:lingvistic|limbaj|limbă)"
        r"|inteligență artificială|ia|asistent"
        rf" (?:ia|ai|virtual))\b{NEAR}\bnu\b",
        help=r"(?:ajuta cu (?:asta|aceasta|acest|această)|(?:îndeplini|procesa) (?:această|acest|cererea"
        r"|solicitarea))",
        sure=r"(?:sigur|desigur|cu siguranță|bineînțeles)",
        here=r"(?:iată|aici (?:este|e|aveți|ai)|mai jos (?:este|aveți|ai)|aceasta este)",
        translation=r"traducere[a]?(?: în \w{3,20})?",
        notes=r"(?:not[ăe](?: de traducere| a\w? traducătorului)?:|observați[ei]:|sper că (?:asta )?(?:vă "
        r"|te )?ajut|dacă "
        r"(?:aveți|ai) nevoie|această traducere\b)",
    ),
    "es": Tongue(
        sorry=r"(?:lo siento|lamento|lo lamento|disculp[ae]|me disculpo|lamentablemente|desafortunadamente)",
        cannot=r"(?:yo )?no (?:puedo|soy capaz de|me es posible|estoy autorizad[oa] a)",
        translate=r"tradu[cz]\w*",
        artificial=r"(?:como|soy) (?:una? )?(?:ia|inteligencia artificial|modelo de lenguaje|asistente (?:de ia"
        r"|virtual))\b"
        rf"{NEAR}\bno\b",
        help=r"(?:ayudar(?:te|le|lo)? con (?:eso|esto|esa|esta|ese|este)\b|(?:cumplir|procesar"
        r"|atender)(?: con)? (?:esa|esta|su|"
        r"tu) (?:petición|solicitud))",
        sure=r"(?:claro(?: que sí)?|por supuesto|con gusto|desde luego)",
        here=r"(?:aquí (?:está|tienes|tiene|va)|a continuación|esta es)",
        translation=r"(?:la )?traducción(?: al \w{3,20}| en \w{3,20})?",
        notes=r"(?:nota(?:s)?(?: de(?:l)? traduc\w{1,6})?:|observaci(?:ón|ones):|espero que (?:esto )?(?:te "
        r"|le )?ayude|si "
        r"necesitas?\b|esta traducción\b)",
    ),
    "fr": Tongue(
        sorry=r"(?:(?:je suis )?(?:vraiment )?désolée?|je m'excuse|je regrette|malheureusement)",
        cannot=r"je ne (?:peux|suis pas en mesure de|suis pas autorisée? à)(?: pas| malheureusement pas)?",
        translate=r"tradu\w*",
        artificial=r"(?:en tant qu(?:e |')|je suis )(?:une? )?(?:ia|intelligence artificielle|modèle de langage"
        r"|assistant "
        rf"(?:ia|virtuel))\b{NEAR}\bne\b",
        help=r"(?:aider (?:avec|pour|sur) (?:cela|ça|cette|ce)\b|(?:répondre|accéder|donner suite) à (?:cette"
        r"|votre) demande)",
        sure=r"(?:bien sûr|certainement|avec plaisir|d'accord)",
        here=r"(?:voici|ci-dessous)",
        translation=r"(?:la )?traduction(?: en \w{3,20})?",
        notes=r"(?:notes?(?: d[eu] traduct\w{1,5})? ?:|remarques? ?:|j'espère que cela|si vous avez (?:besoin|des "
        r"questions)|cette traduction\b|n'hésitez pas)",
    ),
    "de": Tongue(
        sorry=r"(?:es tut mir (?:sehr )?leid|tut mir leid|entschuldigung|entschuldigen sie|leider)",
        cannot=rf"(?:ich )?(?:kann|darf|werde)(?: ich)?\b{NEAR}\b(?:nicht|keine?)",
        translate=r"(?:übersetz\w*)",
        artificial=rf"(?:als|ich bin) (?:eine? )?(?:ki|sprachmodell|künstliche intelligenz"
        rf"|ki-\w{{3,20}})\b{NEAR}\bnicht\b",
        help=r"(?:(?<=dabei nicht )helfen|(?<=damit nicht )helfen|(?:dabei|damit) helfen|(?:diese|ihre"
        r"|deine) anfrage)\b",
        sure=r"(?:natürlich|gerne|klar|sicher|selbstverständlich)",
        here=r"(?:hier (?:ist|sind|kommt)|nachfolgend)",
        translation=r"(?:die )?(?:\w{3,20} )?übersetzung(?: ins? \w{3,20})?(?: lautet)?",
        notes=r"(?:anmerkung(?:en)?(?: des übersetzers| zur übersetzung)?:|hinweise?:|ich hoffe, (?:das"
        r"|dies) hilft|falls (?:du|"
        r"sie)\b[^\n]{0,60}?(?:frage|hilfe|brauch)|diese übersetzung\b)",
    ),
    "it": Tongue(
        sorry=r"(?:mi dispiace|spiacente|mi scuso|purtroppo)",
        cannot=r"(?:io )?non (?:posso|sono in grado di|sono autorizzat[oa] a)",
        translate=r"tradu[rcz]\w*",
        artificial=r"(?:come|sono) (?:una? |un')?(?:ia|intelligenza artificiale|modello linguistico"
        r"|assistente (?:ia|virtuale))\b"
        rf"{NEAR}\bnon\b",
        help=r"(?:aiutar(?:ti|la|vi)? con (?:questo|questa|ciò)\b|(?:soddisfare|elaborare) (?:questa|la tua"
        r"|la sua) richiesta)",
        sure=r"(?:certo|certamente|naturalmente|va bene)",
        here=r"(?:ecco|di seguito|questa è)",
        translation=r"(?:la )?traduzione(?: in \w{3,20})?",
        notes=r"(?:not[ae](?: del traduttore| di traduzione| sulla traduzione)?:|osservazion[ei]:"
        r"|spero (?:che )?(?:questo )?"
        r"(?:ti |vi )?(?:sia|aiut)|se hai (?:bisogno|domande)|questa traduzione\b)",
    ),
}
