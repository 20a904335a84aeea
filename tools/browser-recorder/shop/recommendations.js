async function fetchRecommendations(customer) {
  const response = await fetch(`/recommendations/${customer}`);
  const body = await response.text();
  return JSON.parse(body);
}

export async function renderRecommendations(customer) {
  const list = await fetchRecommendations(customer);
  return list.map((plant) => plant.name);
}
