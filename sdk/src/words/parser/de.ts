/** This file was generated from src/domain/words/de.ts by npm run generate. Do not change it. */
/** The German words, with umlauts as two letters. */
import { ruleOf, weekend, workdays } from './rule.js';
import { named, numbered, phrases, type Vocabulary, valued } from './vocabulary.js';

const morning = { minutes: 9 * 60, isAfternoon: false };
const afternoon = { minutes: 15 * 60, isAfternoon: true };
const evening = { minutes: 19 * 60, isAfternoon: true };

export const de: Vocabulary = {
  on: phrases('am|bis|bis zum|bis am|zum|ab dem|an'),
  the: phrases('den|dem|der'),
  days: valued([
    ['heute', 0],
    ['morgen', 1],
    ['uebermorgen', 2],
  ]),
  tonight: {},
  past: phrases('gestern|vorgestern'),
  next: phrases('naechste|naechsten|naechster|naechstes|naechstem|kommende|kommenden|kommender|kommendes'),
  this: phrases('diese|diesen|dieser|dieses|diesem'),
  last: phrases('letzte|letzten|letzter|letztes|vergangene|vergangenen'),
  in: phrases('in'),
  before: phrases('vor'),
  ago: phrases(''),
  relations: ['vor', 'nach', 'seit', 'ausser'],
  numbers: numbered(
    1,
    'ein|eine|einen|einem|einer|eins zwei drei vier fuenf sechs sieben acht neun zehn elf zwoelf',
  ),
  ordinals: {
    ...numbered(
      1,
      'erste|ersten|erster|erstes zweite|zweiten|zweiter|zweites dritte|dritten|dritter|drittes vierte|vierten|vierter|viertes fuenfte|fuenften|fuenfter|fuenftes',
    ),
    ...{ letzte: -1, letzten: -1, letzter: -1, letztes: -1 },
  },
  ordinalSuffixes: ['.'],
  units: named({
    minute: 'minute minuten min',
    hour: 'stunde stunden std',
    day: 'tag tage tagen tages',
    week: 'woche wochen',
    month: 'monat monate monaten monats',
    quarter: 'quartal quartale quartalen quartals',
    year: 'jahr jahre jahren jahres',
  }),
  weekdays: numbered(0, 'montag dienstag mittwoch donnerstag freitag samstag|sonnabend sonntag'),
  shortWeekdays: numbered(0, 'mo di mi do fr sa so'),
  ambiguous: [],
  pluralWeekdays: numbered(
    0,
    'montags dienstags mittwochs donnerstags freitags samstags|sonnabends sonntags',
  ),
  months: numbered(
    1,
    'januar|jan|jaenner februar|feb maerz|mrz april|apr mai juni|jun juli|jul august|aug september|sep|sept oktober|okt november|nov dezember|dez',
  ),
  of: phrases(''),
  weekend: phrases('wochenende'),
  monthEnd: phrases('monatsende|ende des monats|ende monat|letzten tag des monats'),
  at: phrases('um|gegen'),
  hourSuffixes: valued<boolean | null>([['uhr', null]]),
  offsets: valued([
    ['halb', -30],
    ['viertel nach', 15],
    ['viertel vor|dreiviertel', -15],
  ]),
  noon: phrases('mittags|am mittag'),
  parts: valued([
    ['am morgen|am vormittag|morgens|vormittags', morning],
    ['am nachmittag|nachmittags', afternoon],
    ['am abend|abends', evening],
  ]),
  partsOfDays: valued([
    ['frueh|morgen|vormittag', morning],
    ['nachmittag', afternoon],
    ['abend', evening],
  ]),
  quantities: ['prozent', '%', 'euro', 'franken', 'leute', 'personen', 'mal', 'km', 'kg', '€', '$'],
  monthFirst: false,

  every: phrases('jede|jeden|jeder|jedes|jedem|alle'),
  other: phrases(''),
  workday: phrases('werktag|werktage|arbeitstag|arbeitstage'),
  and: [',', 'und', '&', '+'],
  or: ['oder'],
  to: ['bis'],
  ofMonth: phrases('im monat|des monats|eines monats|jeden monats'),
  lastDay: phrases('letzten tag|letzter tag|letzte tag'),
  inRule: phrases('am|an'),
  from: phrases('ab|ab dem|beginnend am|von'),
  until: phrases('bis|bis zum|bis am'),
  for: phrases('fuer'),
  times: phrases('mal|- mal|male'),
  adverbs: valued([
    ['taeglich', ruleOf({ frequency: 'DAILY' })],
    ['woechentlich', ruleOf({ frequency: 'WEEKLY' })],
    ['monatlich', ruleOf({ frequency: 'MONTHLY' })],
    ['jaehrlich', ruleOf({ frequency: 'YEARLY' })],
    ['werktags|an werktagen', ruleOf({ frequency: 'WEEKLY', weekdays: workdays })],
    ['an wochenenden', ruleOf({ frequency: 'WEEKLY', weekdays: weekend })],
  ]),
  adverbsAtEnd: false,
};
