// Dates as they are written in more places.
var places = ['ko-KR', 'ja-JP', 'hr-HR', 'hu-HU', 'ru-RU', 'en-IE', 'en-NZ', 'zh-TW', 'he', 'id-ID', 'el', 'et', 'lt-LT', 'lv-LV', 'bg-BG', 'es-AR'];
function decodeUplink(input) {
  var d = new Date((input.bytes.length * 123456 + 789) * 123456);
  return {
    data: places.map(function (place) {
      return [d.toLocaleString(place), d.toLocaleDateString(place), d.toLocaleTimeString(place), (input.bytes.length * 1234.567).toLocaleString(place),
        d.toLocaleDateString(place, { month: 'short', day: 'numeric' })];
    }),
  };
}
